"""What people decided about actions: an append-only journal in the app's database.

Nothing is ever changed or deleted in it: taking a decision back is another line. The lines speak of action keys, which outlive
editions, so a decision holds in the next refresh without being copied; and each keeps what the action looked like when it was
decided, so that outcomes can be counted after the edition has gone.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from nextmove.errors import Busy, UserError

_TABLE = """create table if not exists action_decisions (
    id integer primary key autoincrement, action_key text not null, decision text not null, at text not null, who text not null,
    until text, reason text, outcome text, undoes integer references action_decisions (id), action text)"""
_INDEX = "create index if not exists action_decisions_by_key on action_decisions (action_key, id)"

# The last decision of each action that was not taken back.
_STANDING = """
select action_key, decision, at, who, until, reason, outcome, id from (
    select d.*, row_number() over (partition by action_key order by id desc) as place
    from action_decisions as d
    where d.decision <> 'undo' and d.id not in (select undoes from action_decisions where undoes is not null)
) where place = 1"""


class Decision(Enum):
    accept = "accept"
    snooze = "snooze"
    dismiss = "dismiss"
    done = "done"


@dataclass(frozen=True)
class Standing:
    """Where an action stands: the decision that holds."""

    action_key: str
    decision: Decision
    at: dt.datetime
    who: str
    until: dt.date | None = None
    reason: str | None = None
    outcome: str | None = None

    def hides(self, day: dt.date) -> bool:
        """Whether the action is off the list on `day`."""
        match self.decision:
            case Decision.accept:
                return False
            case Decision.snooze:
                return self.until is not None and self.until > day
            case Decision.dismiss | Decision.done:
                return True


@dataclass(frozen=True)
class Journal:
    """The journal of a workspace, in `data/app.sqlite3`."""

    path: Path

    def accept(self, key: str, *, who: str, at: dt.datetime, action: Mapping[str, object] | None = None) -> None:
        """Somebody will do it."""
        self._decide(key, Decision.accept, who=who, at=at, action=action)

    def snooze(
        self, key: str, *, until: dt.date, today: dt.date, who: str, at: dt.datetime, action: Mapping[str, object] | None = None
    ) -> None:
        """Not now; it comes back on `until`."""
        if until <= today:
            raise UserError(f"{until} is not in the future.", where="--until", hint=f"a day after {today}")
        self._decide(key, Decision.snooze, who=who, at=at, action=action, until=until.isoformat())

    def dismiss(self, key: str, *, reason: str, who: str, at: dt.datetime, action: Mapping[str, object] | None = None) -> None:
        """Not worth doing, and why."""
        self._decide(key, Decision.dismiss, who=who, at=at, action=action, reason=_given("reason", reason))

    def done(self, key: str, *, outcome: str, who: str, at: dt.datetime, action: Mapping[str, object] | None = None) -> None:
        """It was done, and what came of it."""
        self._decide(key, Decision.done, who=who, at=at, action=action, outcome=_given("outcome", outcome))

    def undo(self, key: str, *, who: str, at: dt.datetime) -> None:
        """Take the last decision back; the one before it holds again."""
        with self._writing() as connection:
            last = connection.execute(f"select id from ({_STANDING}) where action_key = ?", (key,)).fetchone()
            if last is None:
                raise UserError(f"Nothing was decided about the action {key}.", hint="nextmove actions")
            _append(connection, action_key=key, decision="undo", at=_moment(at), who=who, undoes=last[0])

    def standing(self) -> dict[str, Standing]:
        """Action key → the decision that holds."""
        if not self.path.exists():
            return {}
        with closing(self._connect()) as connection:
            return {row[0]: _standing(row) for row in connection.execute(_STANDING)}

    def of(self, key: str) -> Standing | None:
        return self.standing().get(key)

    def hidden(self, day: dt.date) -> set[str]:
        """Keys that are off the list on `day`: dismissed, done, or snoozed until later."""
        return {key for key, standing in self.standing().items() if standing.hides(day)}

    def _decide(
        self, key: str, decision: Decision, *, who: str, at: dt.datetime, action: Mapping[str, object] | None, **details: str
    ) -> None:
        told = json.dumps(action, default=str, sort_keys=True, ensure_ascii=False) if action is not None else None
        with self._writing() as connection:
            _append(connection, action_key=key, decision=decision.value, at=_moment(at), who=who, action=told, **details)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; taken at once, since a lock that is raised later would refuse writers who read first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection:
            try:
                connection.execute("begin immediate")
            except sqlite3.OperationalError:
                raise Busy("The journal of decisions is being written.", where=str(self.path), hint="try again in a moment") from None
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        connection.execute(_TABLE)
        connection.execute(_INDEX)
        return connection


def _append(connection: sqlite3.Connection, **row: object) -> None:
    columns = ", ".join(row)
    connection.execute(f"insert into action_decisions ({columns}) values ({', '.join('?' * len(row))})", tuple(row.values()))


def _standing(row: tuple[str, ...]) -> Standing:
    key, decision, at, who, until, reason, outcome, _ = row
    day = dt.date.fromisoformat(until) if until else None
    return Standing(key, Decision(decision), dt.datetime.fromisoformat(at), who, day, reason, outcome)


def _moment(at: dt.datetime) -> str:
    return at.isoformat(timespec="seconds")


def _given(what: str, value: str) -> str:
    if not value.strip():
        raise UserError(f"The {what} is empty.", hint=f'--{what} "…"')
    return value.strip()
