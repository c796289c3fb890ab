"""One suite that every prediction passes by being in TASKS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from nextmove import words
from nextmove.editions import predicting
from nextmove.editions.progress import Steps
from nextmove.engine import DuckDBEngine
from nextmove.errors import UnknownName, UserError
from nextmove.predictions import TASKS, Fitted, Learnt, Prediction, task_called
from nextmove.predictions.contract import REPORT, what_the_score_is

AS_OF = dt.date(2023, 6, 30)
each_task = pytest.mark.parametrize("kind", TASKS, ids=[task.task for task in TASKS])
IDS = ("account_id", "product_id", "lead_id", "opportunity_id", "kpi", "dimension", "member", "period_start")


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def fits(company: DuckDBEngine) -> dict[str, Fitted]:
    return {kind.task: kind().fit(company, as_of=AS_OF) for kind in TASKS}


@pytest.fixture(scope="module")
def answers(fits: dict[str, Fitted]) -> dict[str, pa.Table]:
    return {task: fitted.predict() for task, fitted in fits.items()}


@each_task
def test_predicts_flat_rows_with_day_horizon_ids_and_score(kind: type[Prediction], answers: dict[str, pa.Table]) -> None:
    rows = answers[kind.task]
    assert rows.num_rows > 50
    assert set(rows["as_of"].to_pylist()) == {AS_OF}
    assert set(rows["horizon_days"].to_pylist()) == {kind().horizon_days}
    ids = [c for c in IDS if c in rows.column_names]
    assert ids, "no id says whom a row is about"
    keys = list(zip(*(rows[c].to_pylist() for c in ids), strict=True))
    assert len(keys) == len(set(keys))
    score = rows["score"].to_numpy()
    assert np.isfinite(score).all()
    if kind.score_is_probability:
        assert score.min() >= 0
        assert score.max() <= 1
    assert what_the_score_is(kind).startswith("The score is a probability") == kind.score_is_probability


@each_task
def test_nothing_sees_past_the_day(
    kind: type[Prediction], lines: pa.Table, answers: dict[str, pa.Table], make_company: Callable[[pa.Table], DuckDBEngine]
) -> None:
    day = lines["day"].to_numpy()
    later = day > np.datetime64(AS_OF)
    assert later.sum() > 1000
    shifted = np.where(later, day + 200, day)  # the future is later, dearer and of other customers and products
    other = {
        "day": shifted,
        "net": np.where(later, lines["net"].to_numpy() * 7, lines["net"].to_numpy()),
        "account_id": np.where(later, np.roll(lines["account_id"].to_numpy(zero_copy_only=False), 5000), lines["account_id"]),
        "product_id": np.where(later, "P999", lines["product_id"].to_numpy(zero_copy_only=False)),
    }
    changed = lines
    for column, values in other.items():
        changed = changed.set_column(changed.column_names.index(column), column, pa.array(values))
    rows = kind().fit(make_company(changed), as_of=AS_OF).predict()
    assert _bytes(rows) == _bytes(answers[kind.task])


@each_task
def test_the_same_data_give_the_same_bytes_whatever_order_they_were_loaded_in(
    kind: type[Prediction], lines: pa.Table, answers: dict[str, pa.Table], make_company: Callable[[pa.Table], DuckDBEngine]
) -> None:
    mixed = lines.take(np.random.default_rng(3).permutation(lines.num_rows))
    assert _bytes(kind().fit(make_company(mixed), as_of=AS_OF).predict()) == _bytes(answers[kind.task])


@each_task
def test_a_stored_fit_scores_its_own_day_to_the_same_bytes(
    kind: type[Prediction], company: DuckDBEngine, fits: dict[str, Fitted], answers: dict[str, pa.Table], tmp_path: Path
) -> None:
    learnt = fits[kind.task].learnt
    if learnt is None:
        pytest.skip("nothing is kept from day to day")
    learnt.save(tmp_path / "learnt.json")
    again = kind().fit(company, as_of=AS_OF, learnt=Learnt.load(tmp_path / "learnt.json"))
    assert _bytes(again.predict()) == _bytes(answers[kind.task])
    later = kind().fit(company, as_of=AS_OF + dt.timedelta(days=1), learnt=learnt)
    assert later.learnt == learnt, "what is kept grows older, so that it is learnt anew in time"


@each_task
def test_backtest_reports_past_cutoffs_only(kind: type[Prediction], company: DuckDBEngine) -> None:
    rows = kind().backtest(company, as_of=AS_OF)
    assert rows.schema == REPORT
    assert rows.num_rows > 0
    assert max(rows["cutoff"].to_pylist()) <= AS_OF - dt.timedelta(days=kind().horizon_days)


@each_task
def test_says_its_minimum_history_in_words(kind: type[Prediction]) -> None:
    assert words.has(kind.minimum_history)


@each_task
def test_before_the_first_sale_there_is_a_sentence_or_no_row(kind: type[Prediction], company: DuckDBEngine) -> None:
    try:
        rows = kind().fit(company, as_of=dt.date(2020, 1, 1)).predict()
    except UserError as error:
        assert error.what
    else:
        assert rows.num_rows == 0


def test_a_refresh_says_how_old_the_fit_is(
    company: DuckDBEngine, lines: pa.Table, make_company: Callable[[pa.Table], DuckDBEngine]
) -> None:
    kind = task_called("clv")
    learnt = kind().fit(company, as_of=AS_OF).learnt
    assert learnt is not None
    told = list[str]()
    for days in (3, 8):
        later = AS_OF + dt.timedelta(days=days)
        past = predicting.Past({"clv": learnt}, 7)
        silent = predicting.predict_all(make_company(lines), as_of=later, past=past, steps=Steps(told.append), tasks=(kind,))
        assert silent == {}
    assert "3 days old" in told[0]
    assert "learnt anew" in told[1]


def test_an_unknown_task_lists_its_neighbours() -> None:
    with pytest.raises(UnknownName) as error:
        task_called("custumers")
    assert error.value.nearest == ["customers"]
