"""Pipeline: what is open by stage, what moved it in the running period, and which deals are stuck."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from nextmove.app import charts, exports, formats, numbers
from nextmove.app.charts import Bar, Chart
from nextmove.app.edition import Row
from nextmove.app.tiles import Tile, tiles
from nextmove.app.visit import Visit, page
from nextmove.engine import literal
from nextmove.kpis import Question
from nextmove.kpis.movement import Moved, pipeline_movement
from nextmove.words import text

TILES = ("pipeline_value", "weighted_pipeline_value", "pipeline_coverage", "win_rate")
GRAINS = ("month", "quarter", "year")
COLOURS = {"opening": "--nm-accent", "closing": "--nm-accent", "new": "--nm-good", "up": "--nm-good", "down": "--nm-bad",
           "lost": "--nm-bad", "won": "--nm-target"}  # fmt: skip
MOST_STUCK = 25
MIN_WON = 10  # stays of won deals that a stage needs before it says what is usual
LONG = 0.8  # longer than this share of them


@dataclass(frozen=True)
class Stage:
    stage: str
    name: str
    deals: int
    value: float
    weighted: float | None
    width: int


@dataclass(frozen=True)
class Step:
    """One way in which the pipeline moved; `change` is empty for what stood and stands."""

    movement: str
    deals: int
    amount: Decimal
    change: Decimal | None


@dataclass(frozen=True)
class StuckDeal:
    opportunity_id: str
    name: str
    account_id: str | None
    customer: str | None
    rep_name: str | None
    stage: str
    days: int
    usual_days: int
    amount: Decimal | None
    expected_close_on: dt.date | None


@dataclass(frozen=True)
class PipelinePage:
    template: ClassVar[str] = "pipeline.html"
    grain: str
    start: dt.date
    end: dt.date
    period: str
    lacks: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    stages: tuple[Stage, ...] = ()
    movement: tuple[Step, ...] = ()
    chart: Chart | None = None
    stuck: tuple[StuckDeal, ...] = ()
    grains: tuple[str, ...] = GRAINS


def pipeline_page(visit: Visit, *, grain: str = "quarter") -> PipelinePage:
    grain = grain if grain in GRAINS else "quarter"
    start = numbers.periods_back(visit, calendar="gregorian", grain=grain, count=0)
    end, period = visit.edition.as_of + dt.timedelta(days=1), formats.period(start, grain)
    lacks = numbers.lacking(visit, numbers.catalogue().kpi("pipeline_value"))
    if lacks:
        return PipelinePage(grain, start, end, period, lacks)
    steps = _movement(visit, start, end)
    return PipelinePage(
        grain=grain,
        start=start,
        end=end,
        period=period,
        tiles=tiles(visit, TILES, grain="month", calendar="gregorian"),
        stages=tuple(_stages(visit)),
        movement=steps,
        chart=_chart(visit, steps, period) if any(step.deals for step in steps) else None,
        stuck=tuple(_stuck(visit)),
    )


def _movement(visit: Visit, start: dt.date, end: dt.date) -> tuple[Step, ...]:
    def ask() -> list[Moved]:
        edition = visit.edition
        return pipeline_movement(edition.engine, start=start, end=end, as_of=edition.as_of, scope=visit.reach.scope)

    found = visit.edition.kept(("movement", visit.reach.scope, start, end), ask)
    return tuple(Step(each.movement, each.deals, each.amount, each.change) for each in found)


def _chart(visit: Visit, steps: tuple[Step, ...], period: str) -> Chart:
    moving = [step for step in steps if step.movement != "slipped"]
    labels = [text(f"app.pipeline.movement.{step.movement}") for step in moving]
    bars = [Bar(float(step.amount), None if step.change is None else float(step.change), COLOURS[step.movement]) for step in moving]
    label = charts.told(text("app.pipeline.moved"), period, formats.day(visit.edition.as_of))
    return charts.waterfall(labels, bars, currency=visit.currency, label=label)


def _stages(visit: Visit) -> list[Stage]:
    """What is open now by stage, in the order in which deals come to them."""
    values, weighted = (_by_stage(visit, kpi) for kpi in ("pipeline_value", "weighted_pipeline_value"))
    places = {row["stage"]: row["place"] for row in visit.edition.rows("select stage, place from facts.stage_ranks")}
    most = max((value for value, _ in values.values()), default=0) or 1
    ordered = sorted(values, key=lambda stage: (places.get(stage, len(places) + 1), stage))
    return [
        Stage(
            stage=stage,
            name=numbers.member_name(visit, "stage", stage),
            deals=values[stage][1],
            value=values[stage][0],
            weighted=weighted[stage][0] if stage in weighted else None,
            width=round(100 * values[stage][0] / most),
        )
        for stage in ordered
    ]


def _by_stage(visit: Visit, kpi: str) -> dict[str, tuple[float, int]]:
    if numbers.lacking(visit, numbers.catalogue().kpi(kpi)):
        return {}
    start = numbers.periods_back(visit, calendar="gregorian", grain="month", count=0)
    found = numbers.values(visit, Question(kpi, "month", by=("stage",), start=start))
    return {value.member: (value.value or 0.0, value.rows or 0) for value in found if value.start == start}


def _stuck(visit: Visit) -> list[StuckDeal]:
    rows: list[Row] = visit.edition.kept(("stuck", visit.reach.scope), lambda: visit.edition.rows(_stuck_sql(visit)))
    names = numbers.member_names(visit, "rep")
    return [
        StuckDeal(
            **{key: row[key] for key in ("opportunity_id", "name", "account_id", "customer", "days", "usual_days", "amount")},
            rep_name=names.get(row["rep_id"], row["rep_id"]),
            stage=numbers.member_name(visit, "stage", row["stage"]),
            expected_close_on=row["expected_close_on"],
        )
        for row in rows
    ]


def _stuck_sql(visit: Visit) -> str:
    """Open deals that have been in their stage for longer than nearly all stays in it of deals that were won."""
    as_of = literal(visit.edition.as_of)
    return f"""
        with usual as (
            select stay.stage, quantile_cont(extract(epoch from stay.left_at - stay.entered_at) / 86400, {LONG}) as days
            from facts.stage_stays as stay join facts.deals_decided as deal using (opportunity_id)
            where deal.won and stay.left_at is not null group by stay.stage having count(*) >= {MIN_WON}),
        stays as (
            select opportunity_id, stage, day, row_number() over (partition by opportunity_id order by entered_at desc) as place
            from facts.stage_stays)
        select state.opportunity_id, coalesce(deal.name, state.opportunity_id) as name, state.account_id, account.name as customer,
            state.rep_id, state.stage, date_diff('day', stays.day, {as_of}) as days, cast(round(usual.days) as bigint) as usual_days,
            state.amount, state.expected_close_on
        from facts.deal_states as state
        join stays on stays.opportunity_id = state.opportunity_id and stays.place = 1 and stays.stage = state.stage
        join usual on usual.stage = state.stage
        join main.opportunities as deal on deal.opportunity_id = state.opportunity_id
        left join main.accounts as account on account.account_id = state.account_id
        where state.day <= {as_of} and (state.left_on is null or state.left_on > {as_of})
            and date_diff('day', stays.day, {as_of}) > usual.days and {visit.reach.sql("state.rep_id")}
        order by state.amount desc nulls last, days desc, state.opportunity_id limit {MOST_STUCK}"""


@page("pipeline")
def pipeline(visit: Visit, request: HttpRequest) -> PipelinePage:
    return pipeline_page(visit, grain=request.GET.get("grain", "quarter"))


@page("pipeline")
def movement_file(visit: Visit, request: HttpRequest) -> HttpResponse:
    """What moved the pipeline, as CSV."""
    found = pipeline_page(visit, grain=request.GET.get("grain", "quarter"))
    rows = ([found.start, found.end, step.movement, step.deals, step.amount, step.change] for step in found.movement)
    return exports.csv_file(f"pipeline-{found.start}.csv", ("start", "end", "movement", "deals", "amount", "change"), rows)
