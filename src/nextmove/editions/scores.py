"""What KPIs need of predictions, kept in the edition: the value of customers, the quality of leads, the chances of deals, the persona.

Past values are made of what was known then (`predictions/valuations.py`, `predictions/lead_quality.py`), so they are the same in every
edition: a refresh keeps those before the first day that may have changed and makes the others. The chances of deals are what each edition
told on its day: they are kept for ever, also by an edition that is made anew (`take_over_chances`). One of an earlier day keeps those of
later days too, so that they are not lost; no number reads past its day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from nextmove.engine import DuckDBEngine, Engine, literal
from nextmove.errors import UserError
from nextmove.facts import create_predicted
from nextmove.predictions import Learnt
from nextmove.predictions.lead_quality import lead_quality, quarter_start
from nextmove.predictions.persona import Persona
from nextmove.predictions.valuations import valuations

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """For which day, from which day on, and with what the tasks have learnt."""

    as_of: dt.date
    since: dt.date | None
    learnt: Mapping[str, Learnt]


def fill_scores(engine: Engine, asked: Asked) -> dict[str, str]:
    """Fill the tables that KPIs read; returns which of them stay empty, and why."""
    from threadpoolctl import threadpool_limits

    create_predicted(engine)
    silence = {}
    with threadpool_limits(1):  # many small fits: sharing each among cores takes twice the time that it saves
        for task, fill in _FILLS.items():
            try:
                fill(engine, asked)
            except UserError as error:
                silence[task] = error.what
    return silence


def take_over_chances(engine: Engine, earlier: Path) -> None:
    """Bring the chances that another edition keeps into one that is made anew."""
    create_predicted(engine)
    with DuckDBEngine(earlier, read_only=True) as edition:
        kept = edition.query("select opportunity_id, scored_on, chance from main.deal_chances")
    engine.write("main.kept_chances", kept)
    engine.execute("insert into main.deal_chances by name select * from main.kept_chances order by scored_on, opportunity_id")
    engine.execute("drop table main.kept_chances")


def _values(engine: Engine, asked: Asked) -> None:
    """The last day of the edition before was valued with all that the task knows; as a month's end it is valued as all of these are."""
    since = asked.since - _ONE_DAY if asked.since else None
    kept = f"valued_on < {literal(since)} and valued_on = last_day(valued_on)" if since else "false"
    _replace(engine, "account_values", kept, lambda: valuations(engine, as_of=asked.as_of, learnt=asked.learnt.get("clv"), since=since))


def _quality(engine: Engine, asked: Asked) -> None:
    kept = f"learnt_on < {literal(quarter_start(asked.since) - _ONE_DAY)}" if asked.since else "false"
    _replace(engine, "lead_quality", kept, lambda: lead_quality(engine, as_of=asked.as_of, since=asked.since))


def _chances(engine: Engine, asked: Asked) -> None:
    """Those of the task `deals`, where it has spoken, beside those of other days: what was told then stays."""
    spoke = "select 1 from information_schema.tables where table_schema = 'predictions' and table_name = 'deals'"
    if engine.query(spoke).num_rows:
        engine.execute(f"delete from main.deal_chances where scored_on = {literal(asked.as_of)}")
        engine.execute("insert into main.deal_chances select opportunity_id, as_of, score from predictions.deals order by opportunity_id")


def _persona(engine: Engine, asked: Asked) -> None:
    _replace(engine, "learnt_persona", "false", lambda: Persona().learn(engine, as_of=asked.as_of))


_FILLS: Mapping[str, Callable[[Engine, Asked], None]] = {"clv": _values, "leads": _quality, "deals": _chances, "persona": _persona}


def _replace(engine: Engine, table: str, kept: str, make: Callable[[], pa.Table]) -> None:
    """Keep the rows that stay true and add those that are made; none stay where nothing can be made any more."""
    engine.execute(f"delete from main.{table} where ({kept}) is not true")
    try:
        rows = make()
    except UserError:
        engine.execute(f"delete from main.{table}")
        raise
    engine.write("main.made", rows)
    engine.execute(f"insert into main.{table} by name select * from main.made")
    engine.execute("drop table main.made")
