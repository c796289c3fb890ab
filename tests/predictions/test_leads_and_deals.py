"""Scores of leads and deals: what predicts is found, what leaks is named, and where nothing predicts it is said."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.predictions import measures
from nextmove.predictions.deals import Deals
from nextmove.predictions.leads import Leads
from nextmove.predictions.next_contact import best_contact
from nextmove.predictions.scoring import score_table

AS_OF = dt.date(2023, 6, 30)


def _records(*, seed: int, size: int = 3000, effect: float = 1.2) -> tuple[pa.Table, np.ndarray]:
    """Records in the order of their days, whose `source` moves the odds by `effect`; and their true chances."""
    rng = np.random.default_rng(seed)
    source, industry = rng.integers(0, 4, size), rng.integers(0, 6, size)
    chance = 1 / (1 + np.exp(1.5 - effect * (source - 1.5)))
    days = np.datetime64("2022-01-01") + np.sort(rng.integers(0, 600, size))
    columns = {
        "day": days.astype("datetime64[D]"),
        "source": np.char.add("s", source.astype(str)),
        "industry": np.char.add("i", industry.astype(str)),
        "name": np.char.add("n", np.arange(size).astype(str)),
        "won": (rng.random(size) < chance).astype(float),
    }
    return pa.table(columns), chance


def test_what_predicts_is_found_and_calibrated() -> None:
    rows, chance = _records(seed=1)
    scored = score_table(rows[:2400], rows[2400:].drop_columns(["won"]), label="won", time="day")
    assert scored.beats_chance
    assert scored.used == ("source",)
    assert np.abs(scored.chance - chance[2400:]).mean() < 0.04


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_predicts_everybody_gets_the_base_rate(seed: int) -> None:
    rows, _ = _records(seed=seed, effect=0.0)
    scored = score_table(rows[:2400], rows[2400:].drop_columns(["won"]), label="won", time="day")
    assert not scored.beats_chance
    assert np.ptp(scored.chance) == 0
    assert scored.chance[0] == pytest.approx(rows["won"].to_numpy()[:2400].mean(), abs=0.06)


def test_columns_filled_in_after_the_outcome_are_named_and_left_out() -> None:
    rows, _ = _records(seed=2)
    won, rng = rows["won"].to_numpy(), np.random.default_rng(0)
    closed = np.where(won == 1, "signed", np.where(rng.random(len(won)) < 0.9, "lost", "signed"))
    contract = np.where((won == 1) & (rng.random(len(won)) < 0.7), "yes", None)
    closed[2400:], contract[2400:] = "", None  # nothing of it is there while a record is open
    leaking = rows.append_column("closing_note", pa.array(closed)).append_column("contract", pa.array(contract, pa.string()))
    scored = score_table(leaking[:2400], leaking[2400:].drop_columns(["won"]), label="won", time="day")
    assert set(scored.left_out) >= {"contract"}
    assert "source" in scored.used and not set(scored.used) & {"contract", "name"}


def test_too_little_history_gives_the_base_rate() -> None:
    rows, _ = _records(seed=3, size=90)
    scored = score_table(rows[:60], rows[60:].drop_columns(["won"]), label="won", time="day")
    assert scored.method == "base rate"
    assert np.ptp(scored.chance) == 0


def test_large_leads_are_graded_above_small_ones_and_waiting_lowers_the_score(company: DuckDBEngine) -> None:
    rows = Leads().fit(company, as_of=AS_OF).predict()
    assert set(rows["method"].to_pylist()) == {"model"}
    size = dict(_sizes(company))
    graded = list(zip(rows["lead_id"].to_pylist(), rows["grade"].to_pylist(), strict=True))
    assert all(size[lead] == "large" for lead, grade in graded if grade in "AB")
    assert any(grade in "AB" for _, grade in graded)
    age, score = rows["age_days"].to_numpy(), rows["score"].to_numpy()
    assert score[age > 90].mean() < 0.2 * score[age < 10].mean()
    assert "size" in rows["reason"][0].as_py()


def test_the_persona_fit_is_that_of_the_persona_written_or_else_learnt(company: DuckDBEngine) -> None:
    company.execute("""insert into main.accounts (account_id, company_size)
        select account_id, case when percent_rank() over (order by sum(net - coalesce(cost, 0))) > 0.8 then 'large' else 'small' end
        from facts.sales where account_id is not null group by account_id""")
    try:
        rows = Leads().fit(company, as_of=AS_OF).predict()
        size = dict(_sizes(company))
        assert {(size[lead], fit) for lead, fit in _fits(rows)} == {("large", 1.0), ("small", 0.0)}
        company.execute("update facts.lead_fits set written_fit = 0.25")
        assert {fit for _, fit in _fits(Leads().fit(company, as_of=AS_OF).predict())} == {0.25}
    finally:
        company.execute("update facts.lead_fits set written_fit = null")
        company.execute("delete from main.accounts")


def _fits(rows: pa.Table) -> list[tuple[str, float]]:
    return list(zip(rows["lead_id"].to_pylist(), rows["persona_fit"].to_pylist(), strict=True))


def _sizes(company: DuckDBEngine) -> list[tuple[str, str]]:
    rows = company.query("select lead_id, company_size from facts.leads").to_pylist()
    return [(row["lead_id"], row["company_size"]) for row in rows]


def test_leads_that_bought_were_refused_or_are_old_are_not_listed(company: DuckDBEngine) -> None:
    listed = set(Leads().fit(company, as_of=AS_OF).predict()["lead_id"].to_pylist())
    gone = company.query(
        f"""select lead.lead_id from facts.leads as lead left join facts.sales as sale on sale.account_id = lead.account_id
            where lead.day > date '{AS_OF}' or lead.day <= date '{AS_OF - dt.timedelta(days=180)}'
                or (sale.is_purchase and sale.day <= date '{AS_OF}')"""
    )
    assert not listed & set(gone["lead_id"].to_pylist())


def test_deals_of_the_web_win_more_often(company: DuckDBEngine) -> None:
    rows = Deals().fit(company, as_of=AS_OF).predict()
    truth = company.query("select opportunity_id, source, status from facts.deals").to_pylist()
    source = {row["opportunity_id"]: row["source"] for row in truth}
    web = np.array([source[deal] == "web" for deal in rows["opportunity_id"].to_pylist()])
    won = np.array([{row["opportunity_id"]: row["status"] for row in truth}[deal] == "won" for deal in rows["opportunity_id"].to_pylist()])
    score = rows["score"].to_numpy()
    assert score[web].min() > score[~web].max()
    assert measures.area(won, score) > 0.6
    assert abs(score.mean() - won.mean()) < 0.15


def test_a_deal_is_stuck_when_so_many_won_deals_had_left_its_stage(company: DuckDBEngine) -> None:
    rows = Deals(stuck_share=0.5).fit(company, as_of=AS_OF).predict().to_pylist()
    for row in rows:
        assert row["stuck"] == (row["stage_days"] > row["stuck_after_days"])
        assert row["expected_close_on"] > AS_OF
    offers = [row for row in rows if row["stage"] == "offer"]
    assert 0 < sum(row["stuck"] for row in offers) < len(offers)


def test_an_open_deal_knows_nothing_of_its_end(company: DuckDBEngine) -> None:
    before = Deals().fit(company, as_of=AS_OF).predict()
    company.execute("create table kept as select * from facts.deals")
    try:
        company.execute(f"update facts.deals set status = 'lost', closed_day = closed_day + 5 where closed_day > date '{AS_OF}'")
        assert Deals().fit(company, as_of=AS_OF).predict() == before
    finally:
        company.execute("create or replace table facts.deals as select * from kept")
        company.execute("drop table kept")


@pytest.mark.parametrize("task", [Leads(), Deals()], ids=["leads", "deals"])
def test_where_nothing_is_open_there_is_no_row(task: Leads | Deals, company: DuckDBEngine) -> None:
    assert task.fit(company, as_of=dt.date(2025, 9, 30)).predict().num_rows == 0


def test_the_way_that_worked_for_leads_of_a_source_is_suggested(company: DuckDBEngine) -> None:
    rows = Leads().fit(company, as_of=AS_OF).predict()
    sources = {row["lead_id"]: row["source"] for row in company.query("select lead_id, source from facts.leads").to_pylist()}
    suggested = {(sources[lead], way) for lead, way in zip(*(rows[c].to_pylist() for c in ("lead_id", "contact_method")), strict=True)}
    assert suggested == {("fair", "call"), ("web", "email")}
    few = best_contact(company, dt.date(2021, 1, 20), pa.chunked_array([["fair", None]]))
    assert few.to_pylist() == [None, None], "nothing is said before a way was tried twenty times"


@pytest.mark.parametrize("kind", [Leads, Deals])
def test_evidence_names_the_field_by_its_id_and_the_sentence_in_words(kind: type[Leads] | type[Deals], company: DuckDBEngine) -> None:
    rows = kind().fit(company, as_of=AS_OF).predict().to_pylist()
    told = [line["values"]["field"] for row in rows for line in json.loads(row["evidence"]) if "field" in line["values"]]
    assert told
    assert all(field.startswith("predictions.field.") for field in told)
    assert not any("predictions.field" in row["reason"] for row in rows)
