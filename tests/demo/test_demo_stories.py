"""Every planted story can be seen in the data by a query that somebody would write by hand."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from nextmove.engine import DuckDBEngine, literal

from .conftest import Story

LAST = dt.date(2026, 9, 30)


def _one(engine: DuckDBEngine, sql: str) -> Any:  # Any: a value of the database
    return engine.query(sql).column(0)[0].as_py()


def _of(stories: list[Story], kind: str) -> list[Story]:
    found = [story for story in stories if story["kind"] == kind]
    assert found, kind
    return found


def _day(story: Story) -> dt.date:
    return dt.date.fromisoformat(story["day"])


def _daily_net(engine: DuckDBEngine, where: str, begin: dt.date, end: dt.date) -> float:
    """Net sales a day in [begin, end)."""
    net = _one(
        engine,
        f"""select coalesce(sum(net_amount), 0) from main.order_lines
            join main.accounts using (account_id) join main.products using (product_id)
            where status = 'completed' and ordered_at >= {literal(begin)} and ordered_at < {literal(end)} and {where}""",
    )
    return float(net) / (end - begin).days


def test_each_kind_is_told(stories: list[Story]) -> None:
    assert len({story["kind"] for story in stories}) == 13
    accounts = [story["account_id"] for story in stories if "account_id" in story]
    assert len(accounts) == len(set(accounts))


def test_silent_customers_had_a_rhythm_and_are_silent(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    told = _of(stories, "silent_customer") + _of(stories, "big_customer_lost")
    assert len(told) >= 10
    assert len({story["rep_id"] for story in told}) >= 6
    for story in told:
        days = demo_engine.query(
            f"""select distinct ordered_at::date as day from main.order_lines
                where account_id = {literal(story["account_id"])} and status <> 'returned' order by day"""
        )["day"].to_pylist()
        gaps = sorted((b - a).days for a, b in itertools.pairwise(days))
        assert days[-1] == _day(story)
        assert (LAST - days[-1]).days >= 2 * story["usual_gap_days"]
        assert (LAST - days[-1]).days > gaps[int(len(gaps) * 0.95)]


def test_dropped_items_were_regular_and_their_customers_buy_on(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    for story in _of(stories, "dropped_item"):
        account, product = literal(story["account_id"]), literal(story["product_id"])
        bought = f"main.order_lines where account_id = {account} and status = 'completed'"
        assert _one(demo_engine, f"select max(ordered_at)::date from {bought} and product_id = {product}") == _day(story)
        assert _one(demo_engine, f"select count(distinct ordered_at::date) from {bought} and product_id = {product}") >= 10
        since = f"ordered_at >= {literal(_day(story) + dt.timedelta(days=1))}"
        assert _one(demo_engine, f"select count(distinct order_id) from {bought} and {since}") >= 3
        assert (LAST - _day(story)).days >= 1.8 * story["usual_gap_days"]
        assert _one(demo_engine, f"select discontinued_on from main.products where product_id = {product}") is None


def test_declining_customers_order_as_often_and_less(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    for story in _of(stories, "declining_customer"):
        account = f"account_id = {literal(story['account_id'])}"
        before = _daily_net(demo_engine, account, _day(story) - dt.timedelta(days=365), _day(story))
        now = _daily_net(demo_engine, account, LAST - dt.timedelta(days=60), LAST)
        assert now < 0.65 * before, story


def test_the_category_lost_margin_by_cost_not_by_price(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "margin_loss")

    def margin(column: str, begin: dt.date, end: dt.date) -> float:
        return float(
            _one(
                demo_engine,
                f"""select 1 - sum({column}) / sum(list_amount) from main.order_lines join main.products using (product_id)
                    where category = {literal(story["category"])} and status = 'completed' and cost_amount is not null
                    and ordered_at >= {literal(begin)} and ordered_at < {literal(end)}""",
            )
        )

    before, after = (_day(story) - dt.timedelta(days=100), _day(story)), (_day(story), LAST)
    assert margin("cost_amount", *before) - margin("cost_amount", *after) > 0.05
    assert abs(margin("net_amount", *before) - margin("net_amount", *after)) < 0.02


def test_the_stage_became_a_bottleneck(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "stage_bottleneck")
    stays = f"""select median(date_diff('hour', came.changed_at, coalesce(went.changed_at, o.closed_at, {literal(LAST)})))
        from main.stage_changes as came join main.opportunities as o using (opportunity_id)
        left join main.stage_changes as went on went.opportunity_id = came.opportunity_id and went.from_stage = came.to_stage
        where came.to_stage = {literal(story["stage"])} and came.changed_at"""
    before, after = (float(_one(demo_engine, f"{stays} {sign} {literal(_day(story))}")) for sign in ("<", ">="))
    assert after > 1.8 * before


def test_the_source_went_bad(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "source_gone_bad")
    rate = f"select count(sql_at) / count(mql_at) from main.leads where source = {literal(story['source'])} and created_at"
    before, after = (float(_one(demo_engine, f"{rate} {sign} {literal(_day(story))}")) for sign in ("<", ">="))
    assert after < 0.5 * before
    monthly = [
        _one(demo_engine, f"select count(*) from main.leads where source = {literal(story['source'])} and created_at {sign}") / days
        for sign, days in ((f"< {literal(_day(story))}", (_day(story) - dt.date(2023, 10, 1)).days), (f">= {literal(_day(story))}", 170))
    ]
    assert monthly[1] > 1.4 * monthly[0]


def test_the_representative_stopped_calling(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "stopped_calling")
    calls = f"select count(*) from main.activities where kind in ('call', 'visit') and rep_id = {literal(story['rep_id'])} and started_at"
    hundred = dt.timedelta(days=100)
    before = _one(demo_engine, f"{calls} >= {literal(_day(story) - hundred)} and started_at < {literal(_day(story))}")
    after = _one(demo_engine, f"{calls} >= {literal(_day(story))}")
    assert before > 30 and after < 0.3 * before
    mine = f"rep_id = {literal(story['rep_id'])}".replace("rep_id", "accounts.rep_id")
    year_ago = _daily_net(demo_engine, mine, _day(story) - dt.timedelta(days=340), LAST - dt.timedelta(days=365))
    assert _daily_net(demo_engine, mine, _day(story) + dt.timedelta(days=25), LAST) < 0.95 * year_ago


def test_late_deliveries_came_before_the_cut(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    for story in _of(stories, "late_deliveries"):
        account = literal(story["account_id"])
        late = dt.date.fromisoformat(story["late_from"])
        share = f"select avg((delivered_on > promised_on)::int) from main.order_lines where account_id = {account} and ordered_at"
        assert float(_one(demo_engine, f"{share} < {literal(late)}")) < 0.15
        assert float(_one(demo_engine, f"{share} >= {literal(late)}")) > 0.9
        before = _daily_net(demo_engine, f"account_id = {account}", late - dt.timedelta(days=300), late)
        assert _daily_net(demo_engine, f"account_id = {account}", _day(story), LAST) < 0.5 * before


def test_a_competitor_is_cheaper_and_one_region_follows(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "competitor_price_cut")
    price = f"""select avg(price / list_price) from main.competitor_prices join main.products using (product_id)
        where competitor = {literal(story["competitor"])} and category = {literal(story["category"])} and day"""
    assert float(_one(demo_engine, f"{price} >= {literal(_day(story))}")) < 0.9 * float(
        _one(demo_engine, f"{price} < {literal(_day(story))}")
    )
    lost = {}
    for sign in ("=", "<>"):
        where = f"accounts.region {sign} {literal(story['region'])} and category = {literal(story['category'])}"
        before = _daily_net(demo_engine, where, _day(story) - dt.timedelta(days=180), _day(story))
        lost[sign] = _daily_net(demo_engine, where, _day(story), LAST) / before
    assert lost["="] < 0.65 and lost["<>"] > 1.2 * lost["="]


def test_a_big_customer_drags_its_region_down(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "big_customer_lost")
    region = f"accounts.region = {literal(story['region'])}"
    begin, end = _day(story) - dt.timedelta(days=365), _day(story) + dt.timedelta(days=1)
    share = _daily_net(demo_engine, f"account_id = {literal(story['account_id'])}", begin, end) / _daily_net(
        demo_engine, region, begin, end
    )
    assert share > 0.12


def test_the_giant_order_is_one_order(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "giant_order")
    orders = demo_engine.query(
        f"""select sum(net_amount) as net, min(ordered_at)::date as day from main.order_lines
            where account_id = {literal(story["account_id"])} and status = 'completed' group by order_id order by net desc"""
    ).to_pylist()
    assert orders[0]["day"] == _day(story)
    assert float(orders[0]["net"]) > 8 * float(orders[1]["net"])


def test_the_campaign_bleeds(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "bleeding_campaign")
    campaign = literal(story["campaign_id"])
    spent = float(_one(demo_engine, f"select sum(amount) from main.spend where campaign_id = {campaign}"))
    others = f"select sum(amount) from main.spend where department = 'marketing' and campaign_id <> {campaign}"
    since = float(_one(demo_engine, f"{others} and spent_on >= {literal(_day(story))}"))
    assert spent > 0.4 * since
    assert _one(demo_engine, f"select count(*) from main.leads where campaign_id = {campaign}") >= 3
    assert _one(demo_engine, f"select count(account_id) from main.leads where campaign_id = {campaign}") == 0


def test_the_last_load_is_short(demo_engine: DuckDBEngine, stories: list[Story]) -> None:
    (story,) = _of(stories, "short_last_load")
    counts = demo_engine.query(
        "select ordered_at::date as day, count(*) as n from main.order_lines group by 1 order by 1 desc limit 30"
    ).to_pylist()
    assert counts[0]["day"] == _day(story) == LAST
    working = sorted(row["n"] for row in counts[1:] if row["day"].weekday() < 5)
    assert counts[0]["n"] < 0.4 * working[len(working) // 2]


@pytest.mark.parametrize("lines", [2_000, 20_000])
def test_small_companies_have_stories_too(tmp_path: Any, lines: int) -> None:
    import json

    from nextmove.demo import STORIES_FILE, Plan, make_demo

    workspace = make_demo(tmp_path / "company", Plan(lines=lines, seed=5), tell=lambda _: None)
    told = json.loads((workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    assert {"silent_customer", "margin_loss", "stopped_calling"} <= {story["kind"] for story in told}
