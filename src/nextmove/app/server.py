"""Serving the app: one process, threads for the pages, one open edition for all of them."""

from __future__ import annotations

from contextlib import suppress

from nextmove.app.settings import configure
from nextmove.workspace import Workspace


def prepare(workspace: Workspace, *, hosts: tuple[str, ...] = ()) -> None:
    """Configure Django for the workspace and bring the app database to this version."""
    configure(workspace, hosts=hosts)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def serve(workspace: Workspace, *, host: str, port: int) -> None:
    """Serve until interrupted."""
    import uvicorn

    prepare(workspace, hosts=_hosts(workspace, host))
    from django.core.asgi import get_asgi_application

    from nextmove.app.visit import shelf
    from nextmove.app.warming import warm, warm_the_rest

    shelf().warm, shelf().warm_the_rest = warm, warm_the_rest
    _open_early()

    proxied = workspace.settings.app.https
    application = get_asgi_application()
    uvicorn.run(application, host=host, port=port, log_level="warning", lifespan="off", proxy_headers=proxied, server_header=False)


def _open_early() -> None:
    """Open the edition before the first reader comes; a workspace without one is served all the same."""
    from nextmove.app.visit import shelf
    from nextmove.errors import UserError

    with suppress(UserError):
        shelf().current()


def _hosts(workspace: Workspace, host: str) -> tuple[str, ...]:
    """The names that requests may carry; who listens everywhere and names none is reached by any."""
    if host not in ("0.0.0.0", "::"):
        return (host,)
    return () if workspace.settings.app.hosts else ("*",)
