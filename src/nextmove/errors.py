"""Errors that a reader can put right, and how they are told.

A `UserError` says what is wrong, where, and what to try, in the reader's words. The command line prints it and exits
with status 1, the web turns it into a page or JSON with `status`; everything else is our fault and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something that the reader can put right.

    `what` is one sentence; `where` names the file, line, column or setting; `hint` is what to try next.
    """

    status = 400

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  in   {self.where}")
        if self.hint:
            lines.append(f"  try  {self.hint}")
        return "\n".join(lines)


class UnknownName(UserError):
    """A name that nothing bears; tells its nearest neighbours."""

    status = 404

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> None:
        names = sorted(known)
        self.nearest = get_close_matches(name, names, n=3, cutoff=0.5)
        hint = ", ".join(self.nearest) if self.nearest else (", ".join(names[:12]) or None)
        super().__init__(f"There is no {kind} called {name!r}.", where=where, hint=hint)
        self.kind = kind
        self.name = name


class MissingData(UserError):
    """A question whose table or column is not loaded."""

    status = 409


class OutOfScope(UserError):
    """What the asker may not see is treated as not there."""

    status = 404


class OlderNumbers(UserError):
    """The published numbers lack what is asked, since they were made by another version or with other settings."""

    status = 409


class Busy(UserError):
    """Another process holds what is needed; the same call may work in a moment."""

    status = 423
