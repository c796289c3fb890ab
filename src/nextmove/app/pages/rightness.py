"""How right were we? Each prediction on the company's own past: at past days, what the method would have said, what the usual rule
would have said, and what came. Read from what `nextmove backtest` kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import charts, formats
from nextmove.app.charts import Chart, Series
from nextmove.app.visit import Visit, page, shelf
from nextmove.editions.backtests import Backtest, Figure, kept
from nextmove.predictions import TASKS
from nextmove.predictions.choosing import RULE_IS_USED
from nextmove.predictions.contract import what_the_score_is
from nextmove.words import has, text

RULE = "rule"
# What a card opens with: the first of these that its backtest has, with the length of list that people really get.
_HEADLINES = (
    *(("precision_at", "50"), ("precision_at", "20"), ("precision_in_list", ""), ("precision_at_10", "")),
    *(("mean_absolute_error_days", ""), ("wape", ""), ("mean_absolute_error_net_sales", ""), ("interval_error", ""), ("auc", "")),
)
_LESS_IS_BETTER = ("mean_absolute_error", "brier", "bias", "wape", "mase", "interval_error")
_SHARES = ("precision", "money_captured", "recall", "base_rate", "share_within", "bias", "wape", "coverage", "interval_error")
_NO_CONTEST = ("base_rate", "share_within", "coverage", "model_is_used", "calibration")


@dataclass(frozen=True)
class Line:
    """One measure, averaged over the past days, and whether ours is the better; None where that is no question."""

    name: str
    model: str
    rule: str
    better: bool | None


@dataclass(frozen=True)
class Past:
    """One past day: the headline's measure by both."""

    cutoff: dt.date
    subjects: int
    model: str
    rule: str


@dataclass(frozen=True)
class Judged:
    """One prediction and how it did."""

    task: str
    name: str
    promise: str
    as_of: dt.date
    horizon_days: int
    silent: str | None
    minimum_history: str
    score: str
    rule_is_used: bool
    verdict: str | None
    lines: tuple[Line, ...]
    past: tuple[Past, ...]
    headline: str | None
    calibration: Chart | None


@dataclass(frozen=True)
class RightnessPage:
    template: ClassVar[str] = "rightness.html"
    judged: tuple[Judged, ...]


def rightness_page(visit: Visit) -> RightnessPage:
    return RightnessPage(tuple(_judged(visit, backtest) for backtest in kept(shelf().workspace)))


def _judged(visit: Visit, backtest: Backtest) -> Judged:
    figures = [each for each in backtest.figures if each.value is not None and each.value == each.value]
    told = next((each for each in _HEADLINES if any((f.measure, f.bucket) == each for f in figures)), None)
    kind = next(task for task in TASKS if task.task == backtest.task)
    return Judged(
        task=backtest.task,
        name=text(f"app.right.task.{backtest.task}"),
        promise=text(f"app.right.promise.{backtest.task}", days=backtest.horizon_days),
        as_of=backtest.as_of,
        horizon_days=backtest.horizon_days,
        silent=backtest.silent or (None if figures else text("app.right.too_short")),
        minimum_history=text(kind.minimum_history),
        score=what_the_score_is(kind),
        rule_is_used=_rule_is_used(figures),
        verdict=_verdict(visit, figures, told),
        lines=tuple(_lines(visit, figures)),
        past=tuple(_past(visit, figures, told)) if told else (),
        headline=_measure_name(*told) if told else None,
        calibration=_calibration(figures),
    )


def _ours(method: str) -> bool:
    """Whether a row is of what we would have used; parts of a method are not told apart here."""
    return method in ("model", RULE_IS_USED)


def _rule_is_used(figures: Sequence[Figure]) -> bool:
    """Whether, on the latest past day, the company's own past spoke for the rule."""
    if not figures:
        return False
    latest = max(each.cutoff for each in figures)
    now = [each for each in figures if each.cutoff == latest]
    return any(each.method == RULE_IS_USED or (each.measure == "model_is_used" and not each.value) for each in now)


def _mean(figures: Iterable[Figure], measure: str, bucket: str, *, ours: bool) -> float | None:
    found = [float(f.value or 0) for f in figures if (f.measure, f.bucket) == (measure, bucket) and _is(f, ours)]
    return fmean(found) if found else None


def _is(figure: Figure, ours: bool) -> bool:
    return _ours(figure.method) if ours else figure.method == RULE


def _verdict(visit: Visit, figures: Sequence[Figure], told: tuple[str, str] | None) -> str | None:
    if told is None:
        return None
    model, rule = (_mean(figures, *told, ours=ours) for ours in (True, False))
    if model is None or rule is None:
        return None
    if told[0].startswith("precision"):
        return text("app.right.verdict.precision", model=formats.number(100 * model), rule=formats.number(100 * rule))
    if told[0].startswith(("mean_absolute_error", "wape")):
        return text("app.right.verdict.error", model=_value(visit, told[0], model), rule=_value(visit, told[0], rule))
    return text("app.right.verdict.order", model=formats.number(100 * model), rule=formats.number(100 * rule))


def _lines(visit: Visit, figures: Sequence[Figure]) -> Iterable[Line]:
    for measure, bucket in dict.fromkeys((f.measure, f.bucket) for f in figures):
        if measure.startswith(("calibration", "model_is_used")):
            continue
        model, rule = (_mean(figures, measure, bucket, ours=ours) for ours in (True, False))
        yield Line(
            _measure_name(measure, bucket), _value(visit, measure, model), _value(visit, measure, rule), _better(measure, model, rule)
        )


def _better(measure: str, model: float | None, rule: float | None) -> bool | None:
    if model is None or rule is None or measure.startswith(_NO_CONTEST) or model == rule:
        return None
    return abs(model) < abs(rule) if measure.startswith(_LESS_IS_BETTER) else model > rule


def _measure_name(measure: str, bucket: str) -> str:
    known = f"app.right.measure.{measure}"
    return text(known, length=formats.number(int(bucket)) if bucket.isdigit() else bucket) if has(known) else measure.replace("_", " ")


def _value(visit: Visit, measure: str, value: float | None) -> str:
    if value is None:
        return formats.NOTHING
    if measure.startswith(_SHARES):
        return formats.percent(value, digits=0)
    if measure.endswith("_days"):
        return text("app.right.days", days=formats.number(value, digits=1))
    return (
        formats.money(value, visit.currency, short=True)
        if measure.endswith("_net_sales") and "error" in measure
        else formats.number(value, digits=3)
    )


def _past(visit: Visit, figures: Sequence[Figure], told: tuple[str, str]) -> Iterable[Past]:
    for cutoff in sorted({each.cutoff for each in figures}):
        then = [each for each in figures if each.cutoff == cutoff]
        model, rule = (_value(visit, told[0], _mean(then, *told, ours=ours)) for ours in (True, False))
        yield Past(cutoff, max(each.subjects for each in then), model, rule)


def _calibration(figures: Sequence[Figure]) -> Chart | None:
    """What was said and what came, from the tenth that was thought least likely to the one thought most."""
    tenths = sorted({int(f.bucket) for f in figures if f.measure == "calibration_said" and f.bucket.isdigit()})
    if len(tenths) < 2:
        return None
    said, came = ([_mean(figures, f"calibration_{what}", str(n), ours=True) for n in tenths] for what in ("said", "came"))
    name = text("app.right.calibration")
    series = [
        Series(text("app.right.came"), came, kind="bar"),
        Series(text("app.right.said"), said, colour="--nm-target", dashed=True),
    ]
    labels = [formats.number(n) for n in tenths]
    return charts.chart(labels, series, unit="percent", currency="", label=name)


@page("rightness")
def rightness(visit: Visit, request: HttpRequest) -> RightnessPage:
    return rightness_page(visit)
