"""Errors as pages in the style of the rest, and as JSON of one shape in the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from nextmove.app.edition import NoEdition
from nextmove.errors import OlderNumbers, OutOfScope, UnknownName, UserError
from nextmove.words import text


@dataclass(frozen=True)
class FailurePage:
    """What went wrong, in one sentence, and what to do next."""

    template: ClassVar[str] = "failure.html"
    status: int
    title: str
    what: str
    hint: str | None = None
    command: str | None = None


def told(request: HttpRequest, error: UserError) -> HttpResponse:
    if request.path.startswith("/api/"):
        return as_json(error)
    return show(request, _page(error))


def as_json(error: UserError) -> JsonResponse:
    parts = {"error": error.what, "where": error.where, "hint": error.hint}
    if isinstance(error, OutOfScope):
        parts = {"error": "Not found.", "where": None, "hint": None}
    return JsonResponse(parts, status=error.status)


def _page(error: UserError) -> FailurePage:
    match error:
        case NoEdition():
            return FailurePage(200, text("app.failure.no_edition.title"), text("app.failure.no_edition.what"), command=error.hint)
        case OlderNumbers():
            return FailurePage(error.status, text("app.failure.older.title"), text("app.failure.older.what"), command=error.hint)
        case OutOfScope() | UnknownName():
            return _not_found()
        case _:
            return FailurePage(error.status, text("app.failure.title"), error.what, error.hint)


def _not_found() -> FailurePage:
    return FailurePage(404, text("app.failure.not_found.title"), text("app.failure.not_found.what"))


def show(request: HttpRequest, page: FailurePage) -> HttpResponse:
    return render(request, page.template, {"page": page}, status=page.status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        return as_json(OutOfScope("Not found."))
    return show(request, _not_found())


def forbidden(request: HttpRequest, reason: str = "", exception: Exception | None = None) -> HttpResponse:
    """A form whose page was left open too long (its token no longer fits)."""
    return show(request, FailurePage(403, text("app.failure.forbidden.title"), text("app.failure.forbidden.what")))


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": "Something went wrong on our side.", "where": None, "hint": None}, status=500)
    page = FailurePage(500, text("app.failure.server.title"), text("app.failure.server.what"))
    try:
        return show(request, page)
    except Exception:  # whatever broke the page may break the frame around this one too; Django has logged it
        return HttpResponse(f"{page.title}. {page.what}", status=500, content_type="text/plain; charset=utf-8")


__all__ = ["FailurePage", "as_json", "forbidden", "not_found", "server_error", "told"]
