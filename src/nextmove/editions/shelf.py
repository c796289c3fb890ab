"""The shelf of editions: the files, which one is current, and the order in which they come and go.

    data/editions/2025-03-31.0007.duckdb   an edition: the day at whose end its numbers stand, and a running number
    data/editions/current                  the name of the edition that readers open
    data/editions/building.duckdb          one that is being made; nobody reads it
    data/editions/lock                     held by the one process that makes an edition

An edition is built under another name, then renamed, then named in `current` by one atomic rename. Whoever is killed on
the way leaves the old edition current; the next refresh sweeps up what was left.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nextmove.errors import Busy

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{4,})\.duckdb")
_BUILDING = "building.duckdb"


@dataclass(frozen=True)
class Volume:
    """One edition's file."""

    path: Path
    as_of: dt.date
    number: int

    @property
    def edition(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class Shelf:
    """The folder of editions."""

    folder: Path

    @property
    def building(self) -> Path:
        return self.folder / _BUILDING

    @property
    def pointer(self) -> Path:
        return self.folder / "current"

    def current(self) -> Volume | None:
        """The edition that readers open, if one was ever published."""
        try:
            return _volume(self.folder / self.pointer.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            return None

    def volumes(self) -> list[Volume]:
        """All finished editions, oldest first."""
        found = (_volume(path) for path in self.folder.glob("*.duckdb"))
        return sorted((volume for volume in found if volume), key=lambda volume: volume.number)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the shelf for writing; the system lets go of it when the process ends, however it ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy("Another refresh is running.", where=str(self.folder), hint="wait until it has ended") from None
            yield

    def sweep(self) -> None:
        """Remove what an interrupted refresh left: the unfinished file, and an edition that was never made current."""
        for path in self.folder.glob(_BUILDING + "*"):
            _remove(path)
        current = self.current()
        for volume in self.volumes():
            if current is None or volume.number > current.number:
                _remove(volume.path)

    def next(self, as_of: dt.date) -> Volume:
        """Name and number of the edition to come."""
        current = self.current()
        number = current.number + 1 if current else 1
        return Volume(self.folder / f"{as_of}.{number:04d}.duckdb", as_of, number)

    def publish(self, volume: Volume) -> None:
        """Put the built file in place and make it current; before the last rename nothing has changed for readers."""
        _flush(self.building)
        self.building.rename(volume.path)
        draft = self.folder / "current.new"
        draft.write_text(volume.path.name + "\n", encoding="utf-8")
        _flush(draft)
        draft.replace(self.pointer)
        _flush(self.folder)

    def thin_out(self, *, keep_days: int) -> list[Volume]:
        """Delete old editions: kept are the last of each day for `keep_days` days, the last of each month, and the newest two."""
        volumes = self.volumes()
        dropped = [volume for volume in volumes if volume not in kept(volumes, keep_days=keep_days)]
        for volume in dropped:
            _remove(volume.path)
        return dropped


def kept(volumes: Sequence[Volume], *, keep_days: int) -> set[Volume]:
    """Those worth keeping of editions in the order of publishing; the newest two stay for readers that are just opening one."""
    if not volumes:
        return set()
    oldest = volumes[-1].as_of - dt.timedelta(days=keep_days)
    last_of_day = {volume.as_of: volume for volume in volumes}
    last_of_month = {(day.year, day.month): last_of_day[day] for day in sorted(last_of_day)}
    recent = {volume for day, volume in last_of_day.items() if day > oldest}
    return {*recent, *last_of_month.values(), *volumes[-2:]}


def _volume(path: Path) -> Volume | None:
    match = _NAME.fullmatch(path.name)
    return Volume(path, dt.date.fromisoformat(match[1]), int(match[2])) if match else None


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Have the disk keep it, so that a power cut cannot leave a name without its content."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
