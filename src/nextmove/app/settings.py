"""Django's settings, built from a workspace: nothing to edit, nothing in the environment.

The secret key is made once and kept in the workspace, readable by its owner only. Cookies are secure where the
company says that it serves over https.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from nextmove.words import LANGUAGES
from nextmove.workspace import Workspace

HERE = Path(__file__).parent
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


def configure(workspace: Workspace, *, hosts: tuple[str, ...] = ()) -> None:
    """Make this process the app of `workspace`; a process serves one workspace."""
    import django
    from django.conf import settings

    if settings.configured:
        _refuse_other(settings.WORKSPACE, workspace)
        return
    settings.configure(**django_settings(workspace, hosts=hosts))
    django.setup()


def _refuse_other(present: Workspace, wanted: Workspace) -> None:
    if present.root != wanted.root:
        raise RuntimeError(f"this process serves {present.root} and cannot serve {wanted.root} as well")


def django_settings(workspace: Workspace, *, hosts: tuple[str, ...] = ()) -> dict[str, Any]:  # Any: Django's settings
    return {
        "WORKSPACE": workspace,
        "DEBUG": False,
        "SECRET_KEY": secret_key(workspace.data / "secret_key"),
        "ALLOWED_HOSTS": [*_LOCAL, *workspace.settings.app.hosts, *hosts],
        "ROOT_URLCONF": "nextmove.app.urls",
        "INSTALLED_APPS": [
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "nextmove.app",
        ],
        "MIDDLEWARE": list(_MIDDLEWARE),
        "TEMPLATES": [_templates()],
        "DATABASES": {"default": _database(workspace.app_database)},
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": workspace.settings.company.time_zone,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": [(code, code) for code in LANGUAGES],
        "LOGGING_CONFIG": None,
        **_people(),
        **_static(),
        **_security(https=workspace.settings.app.https),
    }


_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "nextmove.app.middleware.Static",
    "csp.middleware.CSPMiddleware",
    "nextmove.app.middleware.Headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nextmove.app.middleware.Language",
    "nextmove.app.middleware.Errors",
)


def _templates() -> dict[str, Any]:  # Any: Django's settings
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "builtins": ["nextmove.app.templatetags.nextmove"],
            "context_processors": ["django.template.context_processors.request", "nextmove.app.layout.layout"],
        },
    }


def _database(path: Path) -> dict[str, Any]:  # Any: Django's settings
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=10000; PRAGMA foreign_keys=ON;"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"init_command": pragmas, "transaction_mode": "IMMEDIATE"},
    }


def _people() -> dict[str, Any]:  # Any: Django's settings
    return {
        "AUTH_USER_MODEL": "app.User",
        "LOGIN_URL": "sign-in",
        "LOGIN_REDIRECT_URL": "start",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        ],
        "SESSION_COOKIE_AGE": 14 * 24 * 3600,
    }


def _static() -> dict[str, Any]:  # Any: Django's settings
    return {
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_MAX_AGE": 30 * 24 * 3600,  # the address carries the file's fingerprint
        "WHITENOISE_ALLOW_ALL_ORIGINS": False,
    }


def _security(*, https: bool) -> dict[str, Any]:  # Any: Django's settings
    return {
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": _POLICY},
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_SECURE": https,
        "SECURE_HSTS_SECONDS": 365 * 24 * 3600 if https else 0,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if https else None,
    }


# Scripts come from files of our own only. Charts place their tooltips with style attributes, hence the one exception.
_POLICY: dict[str, list[str]] = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "style-src-attr": ["'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}


def secret_key(path: Path) -> str:
    """The key that signs sessions; made at the first start, for the owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key
