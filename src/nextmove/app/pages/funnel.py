"""Which step of the funnel leaks or slows: each step lately beside the year before, with the share that is still there day by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import charts, formats, telling
from nextmove.app.charts import Chart, Series
from nextmove.app.visit import Visit, page
from nextmove.errors import MissingData
from nextmove.insights.questions import Step, funnel
from nextmove.insights.questions.funnel import Side
from nextmove.words import text


@dataclass(frozen=True)
class StepCard:
    """One step; `state` is leaks, slows, improves, steady or few, `sentence` says it in words."""

    kind: str
    step: str
    place: int
    name: str
    state: str
    sentence: str
    lately: Side
    before: Side
    money: float | None
    chart: Chart | None

    @property
    def chart_id(self) -> str:
        """What the chart's element is called; a stage's own name may be anything."""
        return f"funnel-chart-{self.kind}-{self.place}"


@dataclass(frozen=True)
class FunnelPage:
    template: ClassVar[str] = "funnel.html"
    since: dt.date | None
    steps: tuple[StepCard, ...]
    missing: str | None = None


def funnel_page(visit: Visit) -> FunnelPage:
    try:
        key = ("funnel", visit.reach.scope)
        found = visit.edition.kept(key, lambda: funnel(visit.edition.engine, as_of=visit.edition.as_of, scope=visit.reach.scope))
    except MissingData as error:
        return FunnelPage(None, (), missing=error.what)
    return FunnelPage(found.since, tuple(_card(step) for step in found.steps))


def _card(step: Step) -> StepCard:
    name = telling.named("app.funnel.step.", step.step)
    chart = _chart(step, name) if step.known else None
    said = name, _state(step), _sentence(step)
    return StepCard(step.kind, step.step, step.place, *said, step.lately, step.before, step.money, chart)


def _state(step: Step) -> str:
    if not step.known:
        return "few"
    flags = ("leaks", step.leaks), ("slows", step.slows), ("improves", step.improves)
    return next((name for name, there in flags if there), "steady")


def _sentence(step: Step) -> str:
    told = {
        "lately": formats.percent(step.lately.share, digits=0),
        "before": formats.percent(step.before.share, digits=0),
        "days": formats.number(step.within_days),
        "stay": formats.number(step.lately.median_days),
        "usual": formats.number(step.before.median_days),
    }
    if step.leaks and step.slows:
        return text("app.funnel.leaks_and_slows", **told)
    return text(f"app.funnel.{_state(step)}", **told)


def _chart(step: Step, name: str) -> Chart:
    labels = [formats.number(round(day)) for day in step.curve_days]
    lines = [
        Series(text("app.funnel.lately"), step.lately.curve),
        Series(text("app.funnel.before"), step.before.curve, colour="--nm-quiet", dashed=True),
    ]
    return charts.chart(labels, lines, unit="percent", currency="", label=text("app.funnel.curve", name=name))


@page("funnel")
def funnel_view(visit: Visit, request: HttpRequest) -> FunnelPage:
    return funnel_page(visit)
