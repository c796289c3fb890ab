"""An edition is whole, stands for its day, and is published at once or not at all."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from nextmove.editions import Edition, current_edition, refresh
from nextmove.editions.reader import open_edition
from nextmove.editions.shelf import Shelf, Volume, kept
from nextmove.errors import Busy, OlderNumbers, UserError
from nextmove.workspace import Workspace

NOW = dt.datetime(2025, 1, 2, 3, 4, 5)
DAY = dt.date(2024, 12, 20)


def one(edition: Edition, sql: str) -> object:
    return edition.query(sql).column(0)[0].as_py()


def test_an_edition_says_what_it_is(published: Workspace) -> None:
    meta = current_edition(published).meta
    assert (meta.edition, meta.as_of, meta.published_at, meta.company) == ("2024-12-20.0001", DAY, NOW, "Small")


def test_an_edition_holds_facts_values_predictions_and_actions(published: Workspace) -> None:
    edition = current_edition(published)
    sales = one(edition, "select sum(net) from facts.sales")
    stored = one(edition, "select sum(value) from main.kpi_values where kpi = 'net_sales' and grain = 'month' and dimension = ''")
    assert float(str(stored)) == pytest.approx(float(str(sales)))
    assert one(edition, "select count(*) from predictions.customers") == 60
    assert one(edition, "select count(*) from main.actions where kind = 'silent_customer' and account_id = 'A1'") == 1


def test_without_an_edition_the_reader_is_told_what_to_do(company: Workspace) -> None:
    with pytest.raises(UserError, match="Nothing has been published") as caught:
        current_edition(company)
    assert caught.value.hint == "nextmove refresh"


def test_a_second_refresh_at_the_same_time_is_refused(company: Workspace) -> None:
    with Shelf(company.editions).alone(), pytest.raises(Busy):
        refresh(company, as_of=DAY, now=NOW)


def test_a_refresh_while_the_warehouse_is_written_is_refused(company: Workspace) -> None:
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    warehouse = str(company.data / "warehouse.duckdb")
    with subprocess.Popen([sys.executable, "-c", script, warehouse], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        writer.stdout.readline()
        with pytest.raises(Busy):
            refresh(company, as_of=DAY, now=NOW)
        writer.communicate()


KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from nextmove.editions import refresh
from nextmove.workspace import Workspace
told = []
def tell(line):
    told.append(line)
    if len(told) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
refresh(Workspace(Path(sys.argv[1])), as_of=dt.date(2024, 12, 21), now=dt.datetime(2025, 1, 3), tell=tell)
"""


def test_killed_in_the_middle_nothing_has_changed_and_the_next_run_is_clean(published: Workspace) -> None:
    shelf = Shelf(published.editions)
    before = shelf.current()
    for step in (2, 4):
        ended = subprocess.run([sys.executable, "-c", KILLED, str(published.root), str(step)], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert shelf.building.exists()
        assert shelf.current() == before
        assert one(current_edition(published), "select max(day) from facts.sales") == DAY
    (published.editions / "2024-12-21.0002.duckdb").write_bytes(b"killed between the two renames")
    refresh(published, as_of=dt.date(2024, 12, 21), now=NOW)
    assert current_edition(published).meta.as_of == dt.date(2024, 12, 21)
    names = {"2024-12-20.0001.duckdb", "2024-12-21.0002.duckdb", "current", "lock"}
    assert {path.name for path in published.editions.iterdir()} == names


def test_stopped_while_two_lines_of_work_go_on_nothing_has_changed(published: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = Shelf(published.editions).current()
    with monkeypatch.context() as patch:
        patch.setattr("nextmove.editions.publish.predict_all", stop)
        with pytest.raises(KeyboardInterrupt):
            refresh(published, as_of=dt.date(2024, 12, 21), now=NOW)
    assert Shelf(published.editions).current() == before
    assert refresh(published, as_of=dt.date(2024, 12, 21), now=NOW).incremental


def test_readers_go_on_while_editions_are_published(published: Workspace) -> None:
    shelf, seen, failures, stop = Shelf(published.editions), set[object](), list[Exception](), threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                edition = current_edition(published)
                assert one(edition, "select max(day) from facts.sales") == DAY
                seen.add(one(edition, "select value from main.meta where key = 'edition'"))
            except Exception as error:
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(2, 8):
        _publish_copy(shelf, number)
        _wait_until(lambda number=number: f"edition {number}" in seen)  # type: ignore[misc]
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert {f"edition {number}" for number in range(2, 8)} <= seen


def _publish_copy(shelf: Shelf, number: int) -> None:
    """Publish what is current again, under another name."""
    current = shelf.current()
    assert current
    shutil.copyfile(current.path, shelf.building)
    with duckdb.connect(str(shelf.building)) as connection:
        connection.execute("update main.meta set value = ? where key = 'edition'", [f"edition {number}"])
    shelf.publish(shelf.next(DAY))
    shelf.thin_out(keep_days=14)


def _wait_until(true: object) -> None:
    for _ in range(500):
        if true():  # type: ignore[operator]
            return
        threading.Event().wait(0.02)


def test_a_damaged_edition_is_refused(published: Workspace) -> None:
    volume = Shelf(published.editions).current()
    assert volume
    with duckdb.connect(str(volume.path)) as connection:
        connection.execute("delete from facts.sales where account_id = 'A7'")
    with pytest.raises(UserError, match=r"damaged: facts\.\"sales\""):
        open_edition(volume)


def test_old_editions_are_thinned_out() -> None:
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in range(70)]
    volumes = [Volume(Path(f"{day}.{2 * n + twice:04d}.duckdb"), day, 2 * n + twice) for n, day in enumerate(days) for twice in (0, 1)]
    left = sorted(kept(volumes, keep_days=14), key=lambda volume: volume.number)
    assert [volume.as_of for volume in left[:-2]] == [dt.date(2025, 1, 31), *days[-14:-1]]
    assert left[-2:] == volumes[-2:]


def test_the_lock_of_a_killed_refresh_does_not_stay(company: Workspace) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom nextmove.editions.shelf import Shelf\n"
        "with Shelf(Path(sys.argv[1])).alone():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(company.editions)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(Busy), Shelf(company.editions).alone():
            pass
        os.kill(holder.pid, signal.SIGKILL)
    with Shelf(company.editions).alone():
        pass


def test_what_an_edition_of_another_version_lacks_is_told_and_the_rest_is_served(published: Workspace) -> None:
    volume = Shelf(published.editions).current()
    assert volume
    with duckdb.connect(str(volume.path)) as connection:
        connection.execute("drop table main.account_values")
        connection.execute("delete from main.manifest where table_name like '%account_values%'")
    lacking = "select count(*) from main.account_values"
    with pytest.raises(duckdb.CatalogException):  # by the same definitions it is ours to mend
        open_edition(volume, published).query(lacking)
    with duckdb.connect(str(volume.path)) as connection:
        connection.execute("update main.meta set value = 'older' where key = 'definitions'")
    edition = open_edition(volume, published)
    with pytest.raises(OlderNumbers, match="another version") as caught:
        edition.query(lacking)
    assert (caught.value.hint, caught.value.status) == ("nextmove refresh", 409)
    assert one(edition, "select count(*) from main.accounts") == 60
