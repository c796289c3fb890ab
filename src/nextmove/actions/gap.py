"""The gap bridge: target − booked − expected repeat orders − weighted pipeline − value of open actions = what is still missing.

Nothing counts twice. *Booked* is what the sales are by the end of the day. *Expected repeat orders* are the forecast of the rest of the
period without what is booked (the running month by its working days) and without deals. *Weighted pipeline* is the forecast's part from
open deals with accounts that never bought; the deals of customers are in their repeat orders. An *open action* counts with its expected
value, which is what the move is believed to bring on top of what happens anyway (at stake × probability × effect), never with the whole
money at stake. Actions are worth gross profit; held against a target of net sales they are divided by the margin of the last year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nextmove.actions.listing import Action
from nextmove.engine import Engine, literal
from nextmove.errors import MissingData, UnknownName
from nextmove.kpis.scope import EVERYTHING, Scope
from nextmove.tables.calendar import Period

KPIS = ("net_sales", "gross_profit")
CUTS = ("", "team", "rep")
_MONEY = {"net_sales": "net", "gross_profit": "net - cost"}

_LINES = """
with targets as (
    select coalesce(member, '') as member, cast(value as double) as target from main.targets
    where kpi = {kpi} and grain = {grain} and period_start = {start} and coalesce(dimension, '') = {by}
),
booked as (
    select {column} as member, cast(sum({money}) as double) as booked from facts.sales
    where day >= {start} and day < {end} and day <= {as_of} and {within} group by all
),
coming as (
    select member, cast(sum(repeat) as double) as repeat, cast(sum(pipeline) as double) as pipeline from predictions.forecast
    where kpi = {kpi} and dimension = {dimension} and period_start >= date_trunc('month', {start}) and period_start < {end} group by member
),
members as (select member from targets union select member from booked union select member from coming)
select member, target, coalesce(booked, 0) as booked, coalesce(repeat, 0) as repeat, coalesce(pipeline, 0) as pipeline
from members left join targets using (member) left join booked using (member) left join coming using (member)
order by member
"""
_MARGIN = """
select cast(case when sum(net) > 0 then least(greatest(1 - sum(cost) / sum(net), 0.01), 1) else 1 end as double) as rate
from facts.sales where cost is not null and day > {as_of} - 365 and day <= {as_of}
"""
_PEOPLE = "select rep_id, coalesce(team, '(unknown)') as team from main.reps where {within}"


@dataclass(frozen=True)
class GapLine:
    """What makes up the gap of the company, a team or a representative; `missing` is empty without a target, negative if it is passed."""

    member: str
    target: float | None
    booked: float
    expected_repeat: float
    weighted_pipeline: float
    open_actions: float
    actions: int

    @property
    def expected(self) -> float:
        """What comes if everything goes as expected and the moves are made."""
        return self.booked + self.expected_repeat + self.weighted_pipeline + self.open_actions

    @property
    def missing(self) -> float | None:
        return None if self.target is None else round(self.target - self.expected, 2)


@dataclass(frozen=True)
class Asked:
    """Which gap: of a KPI in a period, cut by nothing, team or representative, within a scope."""

    kpi: str
    grain: str
    period: Period
    as_of: dt.date
    by: str = ""
    scope: Scope = EVERYTHING


def gap_lines(engine: Engine, asked: Asked, *, open_actions: Iterable[Action]) -> list[GapLine]:
    """One line a member, the largest gap first; `open_actions` are those within the scope."""
    _check(engine, asked)
    people = {row["rep_id"]: row["team"] for row in engine.query(_PEOPLE.format(within=_within(asked.scope))).to_pylist()}
    worth = _worth(engine, asked, open_actions, people)
    reach = _members_within(asked, people)
    lines = [
        GapLine(
            member=row["member"],
            target=row["target"],
            booked=round(row["booked"], 2),
            expected_repeat=round(row["repeat"], 2),
            weighted_pipeline=round(row["pipeline"], 2),
            open_actions=round(worth.get(row["member"], (0.0, 0))[0], 2),
            actions=worth.get(row["member"], (0.0, 0))[1],
        )
        for row in engine.query(_asked_sql(asked)).to_pylist()
        if reach is None or row["member"] in reach
    ]
    return sorted(lines, key=lambda line: (line.missing is None, -(line.missing or 0), line.member))


def _check(engine: Engine, asked: Asked) -> None:
    if asked.kpi not in KPIS:
        raise UnknownName("KPI of the gap", asked.kpi, KPIS)
    if asked.by not in CUTS:
        raise UnknownName("cut of the gap", asked.by, CUTS[1:])
    known = "select 1 from information_schema.tables where table_schema = 'predictions' and table_name = 'forecast'"
    if not engine.query(known).num_rows:
        raise MissingData("There is no forecast in this edition, so nothing tells what is still to come.", hint="nextmove predict forecast")


def _asked_sql(asked: Asked) -> str:
    column = {"": "''", "team": "coalesce(team, '(unknown)')", "rep": "coalesce(rep_id, '(unknown)')"}[asked.by]
    return _LINES.format(
        kpi=literal(asked.kpi),
        grain=literal(asked.grain),
        start=literal(asked.period.start),
        end=literal(asked.period.end),
        as_of=literal(asked.as_of),
        by=literal(asked.by),
        dimension=literal(asked.by or "company"),
        column=column,
        money=_MONEY[asked.kpi],
        within="true" if asked.by == "" and asked.scope.everything else _within(asked.scope),
    )


def _within(scope: Scope) -> str:
    if scope.reps is None:
        return "true"
    return f"rep_id in ({', '.join(map(literal, sorted(scope.reps)))})" if scope.reps else "false"


def _members_within(asked: Asked, people: Mapping[str, str]) -> set[str] | None:
    """What a limited scope may see; None for everything."""
    if asked.scope.everything:
        return None
    return set(people) if asked.by == "rep" else set(people.values()) if asked.by == "team" else set()


def _worth(engine: Engine, asked: Asked, actions: Iterable[Action], people: Mapping[str, str]) -> dict[str, tuple[float, int]]:
    """Member → what its open actions bring on top, in the KPI's money, and how many there are; nothing once the period is over."""
    if asked.period.end <= asked.as_of + dt.timedelta(days=1):
        return {}
    rate = 1.0 if asked.kpi == "gross_profit" else float(engine.query(_MARGIN.format(as_of=literal(asked.as_of)))["rate"][0].as_py() or 1)
    found: dict[str, tuple[float, int]] = {}
    for action in actions:
        member = {"": "", "rep": action.rep_id or "(unknown)", "team": people.get(action.rep_id or "", "(unknown)")}[asked.by]
        money, count = found.get(member, (0.0, 0))
        found[member] = (money + float(action.expected_value) / rate, count + 1)
    return found
