"""Forecast: what the coming months bring, between which bounds, against target and last year; and how right past forecasts were."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import charts, formats, numbers
from nextmove.app.charts import Chart, Series
from nextmove.app.edition import Row
from nextmove.app.visit import Visit, page
from nextmove.engine import literal
from nextmove.words import text

KPIS = ("net_sales", "gross_profit")
CUTS = ("company", "team", "rep", "region", "category")
WITHIN_REACH = {"team": "select team from main.reps where {reach}", "rep": "select rep_id from main.reps where {reach}"}
_YEAR = 12
_LEAST_JUDGED = 3


@dataclass(frozen=True)
class Month:
    """One month: what is expected, between which bounds, of which what is booked and what deals bring."""

    start: dt.date
    name: str
    value: float
    low: float
    high: float
    low_half: float
    high_half: float
    booked: float
    repeat: float
    pipeline: float
    target: float | None
    year_ago: float | None


@dataclass(frozen=True)
class Member:
    """A member of the cut: the months ahead in all, against last year and target."""

    member: str
    name: str
    value: float
    target: float | None
    year_ago: float | None


@dataclass(frozen=True)
class Said:
    """A past forecast of one month ahead, and what came."""

    period: str
    made_on: dt.date
    value: float
    low: float
    high: float
    came: float
    inside: bool
    replayed: bool


@dataclass(frozen=True)
class ForecastPage:
    template: ClassVar[str] = "forecast.html"
    kpi: str
    cut: str
    member: str
    name: str
    kpis: tuple[str, ...] = KPIS
    cuts: tuple[str, ...] = ()
    silent: str | None = None
    months: tuple[Month, ...] = ()
    members: tuple[Member, ...] = ()
    chart: Chart | None = None
    past: tuple[Said, ...] = ()
    held: int = 0
    off: float | None = None
    by_rule: bool = False


def forecast_page(visit: Visit, *, kpi: str = "", cut: str = "", member: str = "") -> ForecastPage:
    kpis = tuple(each for each in KPIS if any(known.id == each for known in numbers.kpis_within_reach(visit)))
    kpi = kpi if kpi in kpis else "net_sales"
    cuts = CUTS if visit.reach.scope.everything else ("team", "rep")
    if "predictions.forecast" not in visit.edition.tables:
        return ForecastPage(kpi, "", "", "", kpis, silent=_silence(visit))
    cut = cut if cut in cuts else ("company" if visit.reach.scope.everything else (visit.reach.own or ("rep", ""))[0])
    names = {row["member"]: _name(visit, cut, row["member"]) for row in _members(visit, kpi, cut)}
    own = visit.reach.own[1] if visit.reach.own and visit.reach.own[0] == cut else ""
    member = next((each for each in (member, own) if each in names), next(iter(names), ""))
    if not names:
        return ForecastPage(kpi, cut, "", "", kpis, cuts, silent=text("app.forecast.nobody"))
    months, past = _months(visit, kpi, cut, member), _past(visit, kpi, cut, member)
    return ForecastPage(
        kpi=kpi,
        cut=cut,
        member=member,
        name=names[member],
        kpis=kpis,
        cuts=cuts,
        months=months,
        members=_totals(visit, kpi, cut, names) if len(names) > 1 else (),
        chart=_chart(visit, kpi, cut, member, months),
        past=past,
        held=sum(each.inside for each in past),
        off=_off(past),
        by_rule=_by_rule(visit, kpi),
    )


def _silence(visit: Visit) -> str:
    row = visit.edition.row("select reason from main.silent where subject = 'forecast'")
    return str(row["reason"]) if row else text("app.forecast.none")


def _by_rule(visit: Visit, kpi: str) -> bool:
    """Whether last year's months are what is told: they erred less on the company's own past."""
    row = visit.edition.row(f"select * from predictions.forecast where kpi = {literal(kpi)} limit 1")
    return row is not None and row.get("method") == "rule"


def _members(visit: Visit, kpi: str, cut: str) -> list[Row]:
    ask = f"select distinct member from predictions.forecast where {_where(visit, kpi, cut)} order by member"
    return visit.edition.rows(ask)


def _where(visit: Visit, kpi: str, cut: str) -> str:
    """The rows of a cut within reach: a manager of some teams sees these and their representatives."""
    where = f"kpi = {literal(kpi)} and dimension = {literal(cut)}"
    if visit.reach.scope.everything:
        return where
    if cut == "team" and not (visit.reach.own and visit.reach.own[0] == "team") and not visit.reach.sees_many:
        return "false"  # a representative does not see the team's
    return f"{where} and member in ({WITHIN_REACH[cut].format(reach=visit.reach.sql('rep_id'))})"


def _name(visit: Visit, cut: str, member: str) -> str:
    return visit.settings.company.name if cut == "company" else numbers.member_name(visit, cut, member)


def _joined(visit: Visit, kpi: str, cut: str, columns: str, more: str) -> list[Row]:
    """Months ahead with target and last year beside them."""
    ask = f"""
        select {columns}
        from (select * from predictions.forecast where {_where(visit, kpi, cut)}) as f
        left join predictions.forecast_months as before
            on before.kpi = f.kpi and before.dimension = f.dimension and before.member = f.member
            and before.period_start = f.period_start - interval 1 year
        left join main.targets as t
            on t.kpi = f.kpi and t.grain = 'month' and t.period_start = f.period_start
            and coalesce(t.dimension, '') = case when f.dimension = 'company' then '' else f.dimension end
            and coalesce(t.member, '') = f.member
        {more}"""
    return visit.edition.rows(ask)


def _months(visit: Visit, kpi: str, cut: str, member: str) -> tuple[Month, ...]:
    columns = "f.*, before.value as year_ago, cast(t.value as double) as target"
    rows = _joined(visit, kpi, cut, columns, f"where f.member = {literal(member)} order by f.period_start")
    return tuple(
        Month(
            start=row["period_start"],
            name=formats.period(row["period_start"], "month"),
            value=row["value"],
            low=row["value_lo"],
            high=row["value_hi"],
            low_half=row["value_lo_50"],
            high_half=row["value_hi_50"],
            booked=row["booked"],
            repeat=row["repeat"],
            pipeline=row["pipeline"],
            target=row["target"],
            year_ago=row["year_ago"],
        )
        for row in rows
    )


def _totals(visit: Visit, kpi: str, cut: str, names: dict[str, str]) -> tuple[Member, ...]:
    columns = """f.member, sum(f.value) as value, case when count(t.value) = count(*) then cast(sum(t.value) as double) end as target,
        case when count(before.value) = count(*) then sum(before.value) end as year_ago"""
    rows = _joined(visit, kpi, cut, columns, "group by f.member order by value desc, f.member")
    return tuple(Member(row["member"], names[row["member"]], row["value"], row["target"], row["year_ago"]) for row in rows)


def _past(visit: Visit, kpi: str, cut: str, member: str) -> tuple[Said, ...]:
    same = f"kpi = {literal(kpi)} and dimension = {literal(cut)} and member = {literal(member)}"
    ask = f"""
        select past.*, came.value as came
        from (select * from predictions.forecast_past where {same} and months_ahead = 1) as past
        join (select * from predictions.forecast_months where {same}) as came using (period_start)
        qualify row_number() over (partition by period_start order by replayed, made_on) = 1
        order by period_start desc limit {_YEAR}"""
    return tuple(
        Said(
            period=formats.period(row["period_start"], "month"),
            made_on=row["made_on"],
            value=row["value"],
            low=row["value_lo"],
            high=row["value_hi"],
            came=row["came"],
            inside=row["value_lo"] <= row["came"] <= row["value_hi"],
            replayed=row["replayed"],
        )
        for row in visit.edition.rows(ask)
    )


def _off(past: tuple[Said, ...]) -> float | None:
    """The mean error as share of what came."""
    came = fmean(abs(each.came) for each in past) if len(past) >= _LEAST_JUDGED else 0
    return fmean(abs(each.value - each.came) for each in past) / came if came else None


def _chart(visit: Visit, kpi: str, cut: str, member: str, months: tuple[Month, ...]) -> Chart:
    same = f"kpi = {literal(kpi)} and dimension = {literal(cut)} and member = {literal(member)}"
    rows = visit.edition.rows(
        f"select period_start, value from predictions.forecast_months where {same} order by period_start desc limit {_YEAR}"
    )
    came = {row["period_start"]: row["value"] for row in reversed(rows)}
    labels = [formats.period(start, "month") for start in came] + [month.name for month in months]
    before: list[float | None] = [None] * len(came)
    joined = [*before[:-1], list(came.values())[-1]] if came else []  # the forecast begins where the past ends
    series = [
        Series(text("app.forecast.came"), [*came.values(), *([None] * len(months))]),
        Series(text("app.forecast.expected"), [*joined, *(month.value for month in months)], dashed=True),
        Series(text("app.forecast.target"), [*before, *(month.target for month in months)], colour="--nm-target", dashed=True),
        Series(text("app.forecast.year_ago"), [*before, *(month.year_ago for month in months)], colour="--nm-quiet", dashed=True),
    ]
    label = charts.told(text("app.nav.forecast"), labels[0], labels[-1])
    drawn = charts.chart(
        labels, [each for each in series if any(v is not None for v in each.values)], unit="money", currency=visit.currency, label=label
    )
    wide = [(month.low, month.high) for month in months]
    half = [(month.low_half, month.high_half) for month in months]
    return charts.with_fan(drawn, len(came), {text("app.forecast.four_fifths"): wide, text("app.forecast.half"): half})


@page("forecast")
def forecast(visit: Visit, request: HttpRequest) -> ForecastPage:
    asked = {name: request.GET.get(name, "") for name in ("kpi", "cut", "member")}
    return forecast_page(visit, **asked)
