"""Between two fits only who has bought is scored anew; the days go on for all."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from nextmove.predictions.items import Items
from nextmove.predictions.reorder import Reorder

from .conftest import AS_OF, Story

Pairs = type[Items] | type[Reorder]
BEFORE = AS_OF - dt.timedelta(days=6)
each_task = pytest.mark.parametrize("kind", [Items, Reorder])


def _scored(kind: Pairs, story: Story, day: dt.date) -> tuple[pa.Table, pa.Table, pa.Table]:
    """All rows of the day with a fit of `BEFORE`, and what is kept for the days after."""
    first = kind().fit(story.engine, as_of=BEFORE)
    fitted = first if day == BEFORE else kind().fit(story.engine, as_of=day, learnt=first.learnt)
    rows = fitted.predict()
    story.engine.execute("create schema if not exists predictions")
    for table, kept in fitted.beside().items():
        story.engine.write(table, kept)
    return rows, first.learnt, fitted


def _accounts(story: Story, after: dt.date) -> pa.Array:
    sql = f"select distinct account_id from facts.sales where day > '{after}' and day <= '{AS_OF}' order by 1"
    return story.engine.query(sql)["account_id"].combine_chunks()


def _by_pair(rows: pa.Table) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["account_id"], row["product_id"]): row for row in rows.to_pylist()}


@each_task
def test_on_the_same_day_it_is_what_full_scoring_says(kind: Pairs, story: Story) -> None:
    full, learnt, _ = _scored(kind, story, BEFORE)
    everybody = pa.array(sorted(set(full["account_id"].to_pylist())))
    again = kind().between_fits(story.engine, full, met=everybody, as_of=BEFORE, learnt=learnt)
    assert again.equals(full.drop_columns("reason"))
    nobody = kind().between_fits(story.engine, full, met=everybody.slice(0, 0), as_of=BEFORE, learnt=learnt)
    assert nobody.select(again.column_names).equals(again)


@each_task
def test_days_later_all_days_are_right_and_those_met_are_scored(kind: Pairs, story: Story) -> None:
    earlier, learnt, _ = _scored(kind, story, BEFORE)
    met = _accounts(story, BEFORE)
    assert 20 < len(met) < 300
    brought = _by_pair(kind().between_fits(story.engine, earlier, met=met, as_of=AS_OF, learnt=learnt))
    full, before, bought = _by_pair(_scored(kind, story, AS_OF)[0]), _by_pair(earlier), set(met.to_pylist())
    in_both = brought.keys() & full.keys()
    assert len(in_both) > 0.97 * len(full)
    days = ("as_of", "purchase_days", "quiet_days", "evidence", "late_by_days" if kind is Items else "days")
    for pair in in_both:
        assert [brought[pair][name] for name in days] == [full[pair][name] for name in days]
    unmet = [pair for pair in in_both if pair[0] not in bought]
    assert all(brought[pair]["score"] == before[pair]["score"] for pair in unmet)
    anew = [pair for pair in in_both if pair[0] in bought]
    told, right = (np.array([rows[pair]["score"] for pair in anew]) for rows in (brought, full))
    assert np.corrcoef(told, right)[0, 1] > 0.9
    assert sum(brought[pair]["score"] != before.get(pair, {}).get("score") for pair in anew) > 0.9 * len(anew)


@each_task
def test_what_ends_between_two_fits_is_known_that_day(kind: Pairs, story: Story) -> None:
    """By the product table, or because nobody buys it any more; also of customers who were not met."""
    earlier, learnt, _ = _scored(kind, story, BEFORE)
    bought = [row["product_id"] for row in earlier.to_pylist()]
    ending = max(sorted(set(bought)), key=bought.count)
    story.engine.execute(f"update main.products set discontinued_on = date '{AS_OF}' where product_id = '{ending}'")
    try:
        rows = kind().between_fits(story.engine, earlier, met=_accounts(story, BEFORE), as_of=AS_OF, learnt=learnt)
        brought, full = _by_pair(rows), _by_pair(kind().fit(story.engine, as_of=AS_OF, learnt=learnt).predict())
    finally:
        story.engine.execute(f"update main.products set discontinued_on = null where product_id = '{ending}'")
    mine = [pair for pair in brought if pair[1] == ending]
    if kind is Reorder:
        assert not mine
        return
    assert mine and all(brought[pair]["gone"] and brought[pair]["at_stake"] == 0 for pair in mine)
    assert all(brought[pair]["gone"] == full[pair]["gone"] for pair in brought.keys() & full.keys())
