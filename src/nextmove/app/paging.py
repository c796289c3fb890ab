"""A long list, page by page: which one an address asks for, and where those beside it are."""

from __future__ import annotations

from abc import ABC, abstractmethod

PAGE_SIZE = 50
_DIGITS = 6  # no list has a million pages, and a number of any length is not read


def page_number(asked: str) -> int:
    """The page, counted from 1; the first where the address says nothing that makes sense."""
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) <= _DIGITS else 1


def page_count(found: int) -> int:
    """How many pages a list of so many rows has; an empty list has one."""
    return max(1, -(-found // PAGE_SIZE))


class Paged(ABC):
    """The page of a list that `number` names; `found` rows are on all pages together."""

    number: int
    found: int

    @abstractmethod
    def address(self, number: int) -> str:
        """Where another page of the same list is."""

    @property
    def pages(self) -> int:
        return page_count(self.found)

    @property
    def previous(self) -> str | None:
        return self.address(self.number - 1) if self.number > 1 else None

    @property
    def next(self) -> str | None:
        return self.address(self.number + 1) if self.number < self.pages else None
