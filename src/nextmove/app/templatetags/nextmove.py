"""Tags and filters of every template: words by id, icons, numbers as the reader writes them, addresses of our files."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from functools import cache
from pathlib import Path

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from nextmove.app import choices, formats, numbers, telling
from nextmove.kpis.words import named as kpi_named
from nextmove.words import language, text

register = template.Library()
_STATIC = Path(__file__).parent.parent / "static"
Number = int | float | Decimal | None


@register.simple_tag
def say(identifier: str, **values: object) -> str:
    """The text of an id, escaped like everything else; counts are written in the language's own digits."""
    return text(identifier, **{name: formats.count(value) if isinstance(value, int) else value for name, value in values.items()})


@register.simple_tag
def say_of(area: str, name: str, **values: object) -> str:
    """The text of `area` + `name`: of a state, a kind, a reason."""
    return say(area + name, **values)


@register.simple_tag(takes_context=True)
def say_money(context: template.Context, identifier: str, value: Number) -> str:
    """A text with `{money}` in it."""
    return text(identifier, money=formats.money(value, context["layout"].currency))


@register.simple_tag
def named(area: str, value: str) -> str:
    """Our name of something that the data names, else as it stands there."""
    return telling.named(area, value)


@register.simple_tag
def kpi_name(identifier: str) -> str:
    return kpi_named(numbers.catalogue().kpi(identifier))


@register.simple_tag
def change(value: Number, digits: int = 0) -> str:
    """A change in percent, with its sign."""
    return formats.percent(value, digits=digits, signed=True)


@register.simple_tag
def menu(verb: str) -> SafeString:
    """The choices that go with a decision; the same for every move, so written once a language."""
    return _menu(verb, language())


@cache
def _menu(verb: str, language: str) -> SafeString:
    return mark_safe(render_to_string(f"parts/menu_{verb}.html", choices.all_choices()))


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon as inline SVG, for the eye only: the words beside it say the same."""
    return _icon(str(name), str(css))


@cache
def _icon(name: str, css: str) -> SafeString:
    return format_html('<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>', css, _drawing(name))


@cache
def _drawing(name: str) -> SafeString:
    drawing = (_STATIC / "vendor" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    return mark_safe(drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")].strip())


@register.simple_tag
def asset(path: str) -> str:
    """The address of one of our files; it changes with the file, so browsers may keep it."""
    return f"{static(path)}?v={_fingerprint(path)}"


@cache
def _fingerprint(path: str) -> str:
    return hashlib.sha256(_STATIC.joinpath(*path.split("/")).read_bytes()).hexdigest()[:12]


@register.simple_tag(takes_context=True)
def money(context: template.Context, value: Number, short: bool = False) -> str:
    return formats.money(value, context["layout"].currency, short=short)


@register.filter
def dimension_name(dimension: str) -> str:
    return telling.named("app.dimension.", dimension)


@register.filter
def number(value: Number, digits: int = 0) -> str:
    return formats.number(value, digits=digits)


@register.filter
def percent(value: Number, digits: int = 1) -> str:
    return formats.percent(value, digits=digits)


@register.filter
def day(value: dt.date | None) -> str:
    return formats.day(value)


@register.filter
def long_day(value: dt.date) -> str:
    return formats.long_day(value)


@register.filter
def near_day(value: dt.date | None) -> str:
    return formats.day(value, year=False)


@register.filter
def day_of(value: dt.datetime) -> str:
    return formats.day(value.date())


@register.filter
def unlocalize(value: float) -> str:
    """A number for a machine: a place in a drawing."""
    return repr(value)


@register.filter
def moment(value: dt.datetime | None) -> str:
    return formats.moment(value)
