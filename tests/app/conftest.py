"""The demo company, small, with one person of each role who may sign in; made once, copied for each process that tests."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nextmove.workspace import Workspace

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Browser, Page

PASSWORD = "a-password-for-tests"
LINES = 3000
ROOT = Path(__file__).parents[2]


def _make(folder: Path) -> None:
    from watched import write_alerts

    from nextmove.app.people import Person, add
    from nextmove.app.roles import Role
    from nextmove.demo import Plan, demo_people, make_demo
    from nextmove.editions import publish

    # KPI values are left out: pages ask KPIs of the edition's own facts.
    publish.compute_values = lambda *_, **__: {}
    workspace = make_demo(folder, Plan(lines=LINES, seed=1), tell=lambda line: None)
    own = next(person for person in demo_people(workspace) if person.username == "rep")
    publish.detect_changes = lambda engine, *_, as_of, **__: write_alerts(engine, own, as_of=as_of) or {}
    with (folder / "nextmove.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[actions]\ncontrol_share = 0.3\n")
    workspace = Workspace.find(folder)
    publish.refresh(workspace, as_of=workspace.settings.today(), now=dt.datetime(2026, 10, 1, 5), tell=lambda line: None)
    for person in demo_people(workspace):
        add(workspace, Person(person.username, Role(person.role), person.name, person.rep_id, person.teams), password=PASSWORD)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace of this process's own, with a published edition."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made, own = shared / "made", tmp_path_factory.mktemp("company") / "demo"
    with (shared / "made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "nextmove.toml").exists():
            program = "import sys; sys.path.insert(0, sys.argv[1]); from conftest import _make, Path; _make(Path(sys.argv[2]))"
            subprocess.run([sys.executable, "-c", program, str(Path(__file__).parent), str(made)], check=True)
    shutil.copytree(made, own)
    return Workspace.find(own)


@pytest.fixture(scope="session")
def django(company: Workspace) -> Workspace:
    """Django, configured for the company in this process, in which a browser's event loop may run beside it."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    from nextmove.app.server import prepare

    prepare(company, hosts=("testserver",))
    return company


@pytest.fixture
def password() -> str:
    return PASSWORD


Client_ = Callable[[str], "Client"]


@pytest.fixture
def signed_in(django: Workspace) -> Client_:
    """A browser in which that person has signed in."""
    from django.test import Client

    from nextmove.app.models import User

    def client(username: str) -> Client:
        browser = Client(raise_request_exception=True)
        browser.force_login(User.objects.get(username=username))
        return browser

    return client


@pytest.fixture
def ask(django: Workspace) -> Callable[[str], list[dict[str, Any]]]:
    """Ask the edition directly, past every scope."""
    from nextmove.app.visit import shelf

    return shelf().current().rows


@pytest.fixture(autouse=True)
def _no_decisions(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with nobody having decided anything, speaking English, and an open door."""
    yield
    if "django" in request.fixturenames:
        from django.core.cache import cache
        from django.db import connection

        from nextmove.app.models import User

        cache.clear()
        User.objects.update(language="en")
        with connection.cursor() as cursor:
            if "action_decisions" in connection.introspection.table_names(cursor):
                cursor.execute("delete from action_decisions")


# A real browser, and a real server for it to visit.


@pytest.fixture(scope="session")
def address(company: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `nextmove serve` serves a copy of the company."""
    folder = tmp_path_factory.mktemp("served") / "demo"
    shutil.copytree(company.root, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from nextmove.cli import main; main()", "serve", "--workspace", str(folder), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_until_served(f"http://127.0.0.1:{port}/sign-in", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_until_served(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if server.poll() is not None:
            pytest.fail(f"the server ended at once: {server.stderr.read().decode() if server.stderr else ''}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail("the server did not answer within a minute")


def _chromium() -> str:
    """The browser of the system: NEXTMOVE_CHROMIUM, the PATH, or what `make test` unpacked into .browser."""
    names = (
        os.environ.get("NEXTMOVE_CHROMIUM"),
        shutil.which("chromium"),
        shutil.which("google-chrome"),
        str(ROOT / ".browser" / "chromium"),
    )
    for name in names:
        if name and Path(name).exists():
            return name
    pytest.fail("The browser tests need Chromium: run `make test`, which installs it, or set NEXTMOVE_CHROMIUM to one.")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=_chromium(), args=flags)
        yield found
        found.close()


@pytest.fixture
def visiting(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A page in which that person has signed in; a message in its console is a failure."""
    contexts, said = [], []

    def visit(username: str, *, width: int = 1360, height: int = 850) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=address, color_scheme="light")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("/sign-in")
        page.get_by_label("Name").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert said == []
