"""A visit: one signed-in person, the edition they read, and how far they may see.

Every page and every API answer begins here. `page` wraps a handler: it lets in only whose role has the page, hands over the
visit, and renders the page that comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import ClassVar, Concatenate, ParamSpec, Protocol, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from nextmove.actions.journal import Journal
from nextmove.app.edition import Edition, Shelf
from nextmove.app.models import User
from nextmove.app.reach import Reach, reach_of
from nextmove.errors import OutOfScope
from nextmove.settings import Settings

P = ParamSpec("P")


class Page(Protocol):
    """A dataclass of all that its template may use."""

    template: ClassVar[str]


@dataclass(frozen=True)
class Visit:
    user: User
    edition: Edition
    reach: Reach

    @property
    def settings(self) -> Settings:
        return self.edition.settings

    @property
    def currency(self) -> str:
        return self.settings.company.reporting_currency

    @property
    def journal(self) -> Journal:
        return Journal(shelf().workspace.app_database)

    @property
    def today(self) -> dt.date:
        """The company's day; that of the numbers where the settings hold one fast."""
        return self.settings.today()


@cache
def shelf() -> Shelf:
    return Shelf(settings.WORKSPACE)


def visit_by(user: User, edition: Edition) -> Visit:
    return Visit(user, edition, reach_of(user, edition))


def visit_of(request: HttpRequest, page: str) -> Visit:
    """Who asks, and what they may see; a page that their role does not have is not there."""
    user = cast("User", request.user)
    if not user.kind.may_open(page):
        raise OutOfScope("There is no such page.")
    return visit_by(user, shelf().current())


def page(name: str) -> Callable[[Callable[Concatenate[Visit, HttpRequest, P], Page | HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Make a view of a handler that takes a visit and returns a page."""

    def decorate(handle: Callable[Concatenate[Visit, HttpRequest, P], Page | HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(handle)
        def view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            answer = handle(visit_of(request, name), request, *args, **kwargs)
            return answer if isinstance(answer, HttpResponseBase) else show(request, answer)

        return view

    return decorate


def show(request: HttpRequest, page: Page) -> HttpResponse:
    return render(request, page.template, {"page": page})
