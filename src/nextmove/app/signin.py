"""Signing in and out, and the choice of language.

Guessing is slowed down: after five wrong passwords for a name from one address, or fifty from one address, the door
stays shut for a quarter of an hour, whether the next password is right or not.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from nextmove import words
from nextmove.app.middleware import LANGUAGE_COOKIE
from nextmove.words import text

PATIENCE = {"name": 5, "address": 50}
SHUT_SECONDS = 15 * 60


class SignInForm(AuthenticationForm):
    """Name and password; one sentence whatever was wrong, so that nobody learns which names exist."""

    def clean(self) -> dict[str, Any]:  # Any: form fields
        keys = _keys(self.request, self.cleaned_data.get("username", ""))
        if _shut(keys):
            raise forms.ValidationError(text("app.sign_in.shut"), code="shut")
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            _count(keys)
            raise forms.ValidationError(text("app.sign_in.wrong"), code="wrong") from None
        cache.delete(keys["name"])
        return cleaned


def _keys(request: HttpRequest | None, username: str) -> dict[str, str]:
    address = request.META.get("REMOTE_ADDR", "") if request else ""
    name = username.strip().lower()
    return {"name": f"sign-in:{address}:{hash(name)}", "address": f"sign-in:{address}"}


def _shut(keys: dict[str, str]) -> bool:
    return any(cache.get(keys[kind], 0) >= limit for kind, limit in PATIENCE.items())


def _count(keys: dict[str, str]) -> None:
    for key in keys.values():
        cache.add(key, 0, SHUT_SECONDS)
        cache.incr(key)


class SignIn(views.LoginView):
    template_name = "sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 429 if form.has_error("__all__", "shut") else 400
        return response


def start(request: HttpRequest) -> HttpResponse:
    """The page on which this person's day begins."""
    return redirect(request.user.kind.start if request.user.is_authenticated else "sign-in")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language: with the person, and in the browser for the sign-in page."""
    code = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(back if safe else "/")
    if code in words.LANGUAGES:
        _remember(request, response, code)
    return response


def _remember(request: HttpRequest, response: HttpResponse, code: str) -> None:
    if request.user.is_authenticated:
        request.user.language = code
        request.user.save(update_fields=["language"])
    response.set_cookie(LANGUAGE_COOKIE, code, max_age=365 * 24 * 3600, samesite="Lax", secure=request.is_secure(), httponly=True)
