"""The frame around every page: where one can go, who is signed in, how fresh the numbers are, which way the text runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from nextmove import words
from nextmove.app.edition import NoEdition
from nextmove.app.roles import Role
from nextmove.words import text

# The navigation: groups of pages, each page with its icon; who has which stands in roles.py.
_GROUPS = (
    (
        "day",
        (
            ("today", "home"),
            ("scorecard", "target-arrow"),
            ("gap", "report-money"),
            ("changes", "activity"),
        ),
    ),
    (
        "selling",
        (
            ("customers", "users"),
            ("products", "package"),
            ("leads", "user-question"),
            ("pipeline", "briefcase"),
            ("forecast", "trending-up"),
        ),
    ),
    (
        "team",
        (
            ("funnel", "filter"),
            ("peers", "list-details"),
            ("leavers", "user-off"),
            ("marketing", "coin"),
            ("targets", "calendar-event"),
        ),
    ),
    (
        "numbers",
        (
            ("kpis", "chart-line"),
            ("rightness", "history"),
            ("data", "database"),
        ),
    ),
)
_TABS = 4  # links at the foot of a phone; the rest stand behind "More"
_SPOKEN = {"en": "English", "he": "עברית", "pl": "Polski", "fa": "فارسی"}


@dataclass(frozen=True)
class Link:
    page: str
    name: str
    icon: str
    address: str
    here: bool


@dataclass(frozen=True)
class Group:
    name: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Layout:
    language: str
    rtl: bool
    languages: dict[str, str]
    company: str
    currency: str
    groups: tuple[Group, ...] = ()
    person: str = ""
    role: str = ""
    as_of: dt.date | None = None

    @property
    def links(self) -> tuple[Link, ...]:
        return tuple(link for group in self.groups for link in group.links)

    @property
    def opens(self) -> frozenset[str]:
        """The pages that the reader has: others are not linked to."""
        return frozenset(link.page for link in self.links)

    @property
    def tabs(self) -> tuple[Link, ...]:
        """What stands at the foot of a phone."""
        return self.links if len(self.links) == _TABS + 1 else self.links[:_TABS]

    @property
    def direction(self) -> str:
        return "rtl" if self.rtl else "ltr"


def layout(request: HttpRequest) -> dict[str, Layout]:
    """A context processor: `layout` in every template."""
    return {"layout": _layout(request)}


def _layout(request: HttpRequest) -> Layout:
    from nextmove.app.visit import shelf

    language = words.language()
    settings = shelf().workspace.settings
    frame = Layout(language, language in words.RIGHT_TO_LEFT, _SPOKEN, settings.company.name, settings.company.reporting_currency)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return frame
    return Layout(
        **{
            **vars(frame),
            "groups": _groups(user.kind, request.path),
            "person": str(user),
            "role": text(f"app.role.{user.role}"),
            "as_of": _as_of(),
        }
    )


def _groups(role: Role, path: str) -> tuple[Group, ...]:
    groups = (Group(text(f"app.nav.group.{name}"), _links(pages, role, path)) for name, pages in _GROUPS)
    return tuple(group for group in groups if group.links)


def _links(pages: tuple[tuple[str, str], ...], role: Role, path: str) -> tuple[Link, ...]:
    return tuple(
        Link(page, text(f"app.nav.{page}"), icon, reverse(page), path.startswith(reverse(page)))
        for page, icon in pages
        if role.may_open(page)
    )


def _as_of() -> dt.date | None:
    from nextmove.app.visit import shelf

    try:
        return shelf().current().as_of
    except NoEdition:
        return None
