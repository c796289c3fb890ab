"""What every request passes through: files, headers, the reader's language, errors told in a sentence."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from nextmove import words
from nextmove.app import failures
from nextmove.errors import UserError

Next = Callable[[HttpRequest], HttpResponseBase]
LANGUAGE_COOKIE = "language"
_COMPRESSED = ("text/css", "text/javascript", "image/svg+xml")


class Static(WhiteNoiseMiddleware):
    """Our own files, whole in memory (the server is asynchronous, whitenoise's answer is a synchronous stream)."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:  # Any: whitenoise's file
        found = static_file.get_response(request.method, request.META)
        content = b"".join(found.file) if found.file else b""
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for key, value in found.headers:
            response[key] = value
        if content and "gzip" in request.headers.get("Accept-Encoding", "") and response["Content-Type"].startswith(_COMPRESSED):
            _compress(response, content)
        return response


def _compress(response: HttpResponse, content: bytes) -> None:
    response.content = _gzip(content)
    response["Content-Encoding"] = "gzip"
    response["Content-Length"] = str(len(response.content))
    response["Vary"] = "Accept-Encoding"


@lru_cache(maxsize=32)
def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 6, mtime=0)


class Headers:
    """No page of a company is kept by a proxy or a shared browser, and none needs a device's sensors."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class Language:
    """Texts are told in the language of the person, before signing in in that of the browser."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with words.speaking(language_of(request)):
            return self.get_response(request)


def language_of(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return str(request.user.language)
    chosen = request.COOKIES.get(LANGUAGE_COOKIE)
    return chosen if chosen in words.LANGUAGES else _of_browser(request.headers.get("Accept-Language", ""))


def _of_browser(accepted: str) -> str:
    for part in accepted.lower().split(","):
        code = part.split(";")[0].strip()[:2]
        if code in words.LANGUAGES:
            return code
    return "en"


class Errors:
    """An error that the reader can put right becomes a page, or JSON in the API; ours are logged and told without detail."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return failures.told(request, error) if isinstance(error, UserError) else None
