"""Telling whoever waits for a refresh which step runs and how long the last one took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from nextmove.words import text

Tell = Callable[[str], None]


def quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Steps:
    """Names each step when it is done, with its seconds."""

    tell: Tell

    @contextmanager
    def step(self, identifier: str, **values: object) -> Iterator[None]:
        started = perf_counter()
        yield
        self.tell(text("refresh.step", step=text(f"refresh.step.{identifier}", **values), seconds=f"{perf_counter() - started:.1f}"))
