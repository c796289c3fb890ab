"""How long pages take while a refresh runs beside them: the 95th percentile of each, over http, in milliseconds.

    python benchmarks/pages.py WORKSPACE [--rounds 60] [--no-refresh]

WORKSPACE is a demo company with its people (`nextmove demo DIR --refresh`). The bar is 150 ms.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

PASSWORD = "northgate-demo"
NEXTMOVE = [sys.executable, "-c", "from nextmove.cli import main; main()"]
PAGES = {
    "rep": ("/today", "/changes", "/kpis", "/kpis/net_sales", "/customers"),
    "manager": ("/today", "/scorecard", "/kpis/net_sales", "/kpis/active_customers?by=segment", "/customers"),
    "admin": ("/today", "/scorecard", "/changes", "/kpis/net_sales", "/customers?sort=quiet", "/data"),
}


def signed_in(address: str, username: str) -> urllib.request.OpenerDirector:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = browser.open(f"{address}/sign-in").read().decode()
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page)
    form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1] if token else ""}
    browser.open(f"{address}/sign-in", urllib.parse.urlencode(form).encode())
    return browser


def customer_of(browser: urllib.request.OpenerDirector, address: str) -> str:
    found = re.search(r'href="(/customers/[^"/?]+)"', browser.open(f"{address}/customers").read().decode())
    return found[1] if found else "/customers"


def milliseconds(browser: urllib.request.OpenerDirector, url: str) -> float:
    started = time.perf_counter()
    browser.open(url).read()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--no-refresh", action="store_true")
    asked = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([*NEXTMOVE, "serve", "--workspace", str(asked.workspace), "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        _wait(address)
        measure(address, asked)
    finally:
        server.terminate()


def measure(address: str, asked: argparse.Namespace) -> None:
    browsers = {username: signed_in(address, username) for username in PAGES}
    jobs = [(username, path) for username, paths in PAGES.items() for path in (*paths, customer_of(browsers[username], address))]
    for username, path in jobs:
        milliseconds(browsers[username], address + path)
    taken: dict[tuple[str, str], list[float]] = {job: [] for job in jobs}
    refresh: subprocess.Popen[bytes] | None = None
    for _ in range(asked.rounds):
        if not asked.no_refresh and (refresh is None or refresh.poll() is not None):
            command = [*NEXTMOVE, "refresh", "--full", "--workspace", str(asked.workspace)]
            refresh = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for username, path in jobs:
            taken[username, path].append(milliseconds(browsers[username], address + path))
    if refresh is not None:
        refresh.wait()
    for (username, path), times in taken.items():
        print(f"{username:10} {path:40} median {statistics.median(times):6.0f}   p95 {statistics.quantiles(times, n=20)[-1]:6.0f} ms")


def _wait(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/sign-in", timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    sys.exit("the server did not answer")


if __name__ == "__main__":
    main()
