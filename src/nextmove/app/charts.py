"""Charts: options for ECharts, written here as plain JSON, and small drawings that need no script at all.

Colours are names of CSS variables, which the browser fills in, so a chart follows light and dark. Numbers are written by the
browser in the reader's language; `unit` tells it how. In right-to-left languages time runs from right to left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nextmove import words
from nextmove.words import text

Option = dict[str, Any]  # Any: an ECharts option
Value = float | None


@dataclass(frozen=True)
class Series:
    """One line or row of bars; `dashed` for what is only held against it."""

    name: str
    values: Sequence[Value]
    kind: str = "line"
    colour: str = "--nm-accent"
    dashed: bool = False
    unfinished: int = 0  # how many at the end are still running and look it


@dataclass(frozen=True)
class Chart:
    """A chart for the eye, and the same in words for those who do not see it."""

    option: Option
    label: str


def chart(labels: Sequence[str], series: Sequence[Series], *, unit: str, currency: str, label: str) -> Chart:
    rtl = words.language() in words.RIGHT_TO_LEFT
    option: Option = {
        "nextmove": {"unit": unit, "currency": currency, "language": words.language()},
        "animation": False,
        "aria": {"enabled": True, "label": {"description": label}},
        "grid": {"left": 8, "right": 8, "top": 36 if len(series) > 1 else 12, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True},
        "legend": {
            "show": len(series) > 1,
            "top": 0,
            "left": "right" if rtl else "left",
            "icon": "roundRect",
            "itemWidth": 14,
            "itemHeight": 4,
        },
        "xAxis": {
            "type": "category",
            "data": list(labels),
            "inverse": rtl,
            "axisTick": {"show": False},
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {"type": "value", "position": "right" if rtl else "left", "splitNumber": 4, "scale": unit == "percent"},
        "series": [_series(each) for each in series],
    }
    return Chart(option, label)


def _series(series: Series) -> Option:
    if series.kind == "bar":
        return _bars(series)
    finished = len(series.values) - series.unfinished
    return {
        "name": series.name,
        "type": "line",
        "data": list(series.values[:finished]) + [None] * series.unfinished if series.dashed is False else list(series.values),
        "color": f"var({series.colour})",
        "lineStyle": {"width": 1.5 if series.dashed else 2.5, "type": "dashed" if series.dashed else "solid"},
        "showSymbol": len(series.values) < 3,
        "symbolSize": 6,
        "z": 5 if series.dashed else 4,  # lines lie over bars
    }


def _bars(series: Series) -> Option:
    """Bars; those of a period that still runs are hollow."""
    hollow = {"color": f"var({series.colour}-soft)", "borderColor": f"var({series.colour})", "borderWidth": 1, "borderType": "dashed"}
    finished = len(series.values) - series.unfinished
    data: list[Any] = list(series.values[:finished])  # Any: ECharts takes a number or an object
    data += [{"value": value, "itemStyle": hollow} for value in series.values[finished:]]
    return {
        "name": series.name,
        "type": "bar",
        "data": data,
        "color": f"var({series.colour})",
        "barMaxWidth": 28,
        "itemStyle": {"borderRadius": 3},
    }


def with_band(drawn: Chart, names: tuple[str, str, str], *, at: slice, low: float, expected: float, high: float) -> Chart:
    """The chart with what was to be expected over the stretch `at`: a dashed line in a shaded band."""
    labels = drawn.option["xAxis"]["data"]

    def over_the_stretch(value: float) -> list[Value]:
        return [value if index in range(*at.indices(len(labels))) else None for index in range(len(labels))]

    lines = [
        _series(Series(name, over_the_stretch(value), colour=colour, dashed=True))
        for name, value, colour in zip(names, (expected, low, high), ("--nm-target", "--nm-quiet", "--nm-quiet"), strict=True)
    ]
    for line in lines:
        line["showSymbol"] = False
    for edge in lines[1:]:
        edge["lineStyle"]["width"] = 1
    corners = [{"xAxis": labels[at][0], "yAxis": low}, {"xAxis": labels[at][-1], "yAxis": high}]
    lines[0]["markArea"] = {"silent": True, "itemStyle": {"color": "var(--nm-band)"}, "data": [corners]}
    legend = {**drawn.option["legend"], "show": True, "data": [drawn.option["series"][0]["name"], names[0]]}
    grid = {**drawn.option["grid"], "top": 36}
    return Chart({**drawn.option, "grid": grid, "legend": legend, "series": [*drawn.option["series"], *lines]}, drawn.label)


def with_fan(drawn: Chart, first: int, bands: Mapping[str, Sequence[tuple[float, float]]]) -> Chart:
    """The chart with a shaded band for each name, the widest first, from point `first` on."""
    more: list[Option] = []
    for number, (name, band) in enumerate(bands.items()):
        nothing: list[Value] = [None] * first
        floor = _edge(f"{name} ", f"fan{number}", [*nothing, *(low for low, _ in band)])
        filled = _edge(name, f"fan{number}", [*nothing, *(round(high - low, 2) for low, high in band)])
        more += [floor, {**filled, "areaStyle": {"color": "var(--nm-accent)", "opacity": 0.12 + 0.1 * number}}]
    legend = {**drawn.option["legend"], "data": [each["name"] for each in drawn.option["series"]]}
    return Chart({**drawn.option, "legend": legend, "series": [*more, *drawn.option["series"]]}, drawn.label)


def _edge(name: str, stack: str, values: Sequence[Value]) -> Option:
    """A line that is not seen, for the area on it."""
    return {
        "name": name,
        "type": "line",
        "data": list(values),
        "stack": stack,
        "stackStrategy": "all",
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"opacity": 0},
        "color": "var(--nm-accent)",
        "tooltip": {"show": False},
        "z": 1,
    }


@dataclass(frozen=True)
class Bar:
    """A bar of a waterfall."""

    amount: float
    change: float | None
    colour: str


def waterfall(labels: Sequence[str], bars: Sequence[Bar], *, currency: str, label: str) -> Chart:
    """A change stands where the bars before it lead to, an amount without one stands on the ground."""
    drawn = chart(labels, [], unit="money", currency=currency, label=label)
    ground, height, colours, level = list[float](), list[float](), list[str](), 0.0
    for bar in bars:
        before, level = level, bar.amount if bar.change is None else level + bar.change
        ground.append(0.0 if bar.change is None else min(before, level))
        height.append(bar.amount if bar.change is None else abs(bar.change))
        colours.append(bar.colour)
    hidden = {"type": "bar", "stack": "level", "data": ground, "color": "transparent", "silent": True, "tooltip": {"show": False}}
    data = [{"value": value, "itemStyle": {"color": f"var({colour})"}} for value, colour in zip(height, colours, strict=True)]
    shown = {"name": label, "type": "bar", "stack": "level", "data": data, "barMaxWidth": 48, "itemStyle": {"borderRadius": 3}}
    option = {**drawn.option, "tooltip": {"trigger": "item", "confine": True}, "series": [hidden, shown]}
    return Chart(option, label)


@dataclass(frozen=True)
class Spark:
    """A line of a few points, as the points of an SVG polyline in a box of 100 × 28."""

    points: str
    last: tuple[float, float] | None


def spark(values: Sequence[Value], *, width: float = 100, height: float = 28) -> Spark:
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return Spark("", None)
    low, high = min(known), max(known)
    room = (high - low) or 1
    step = (width - 6) / (len(values) - 1)
    rtl = words.language() in words.RIGHT_TO_LEFT
    places = [
        (width - 3 - i * step if rtl else 3 + i * step, 3 + (height - 6) * (1 - (float(value) - low) / room))
        for i, value in enumerate(values)
        if value is not None
    ]
    return Spark(" ".join(f"{x:.1f},{y:.1f}" for x, y in places), places[-1])


def told(name: str, first: str, last: str) -> str:
    return text("app.chart.label", name=name, first=first, last=last)
