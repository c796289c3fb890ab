"""What a kind of action is: a finding with thresholds, a query beside it, and the words that give its evidence.

A kind is a frozen dataclass whose fields are its thresholds; each may be set in `nextmove.toml` under `[actions.kinds.<kind>]`. Its
`.sql` reads the edition that is being made (facts, predictions, dimension tables) and the shared `acting` tables, and yields one
row a subject:

    account_id, product_id, lead_id, opportunity_id   the subject, as many of them as it has
    rep_id            whose it is, where that is not the owner of the account
    contact_method    how to get in touch, where more is known than how the customer, or else its representative, mostly does
    episode           what tells this occurrence from the next: the same silence keeps its key, the next silence is a new one
    at_stake          expected gross profit, in the reporting currency
    probability       of what the kind is named after: that the customer stays away, that the deal is won, …
    and what the evidence says, under the names that the words use

Expected value = at_stake × probability × effect. `effect` is the share of the money at stake that a timely move is believed to bring.
There is no published figure that would hold for every trade: the defaults are priors, cautious and alike in size, so that money and
probability decide the order until the company's own uplift is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, ClassVar, Protocol

from nextmove.engine import literal
from nextmove.errors import UnknownName, UserError


@dataclass(frozen=True)
class Evidence:
    """One line of evidence: a words id and the columns that it names; the line is left out where one of them is empty."""

    say: str
    values: tuple[str, ...]


class ActionKind(Protocol):
    """One kind of action."""

    kind: ClassVar[str]
    subject: ClassVar[tuple[str, ...]]  # the ids which, with the episode, make its key
    needs: ClassVar[tuple[str, ...]]  # schema.table.column of the edition; without them the kind stays silent
    query: ClassVar[str]
    evidence: ClassVar[tuple[Evidence, ...]]

    @property
    def effect(self) -> float: ...

    @property
    def due_in_days(self) -> int:
        """Working days within which it should be done."""
        ...


def thresholds(kind: ActionKind) -> dict[str, Any]:  # Any: a number or a text
    """The fields of a kind and their values."""
    return {field.name: getattr(kind, field.name) for field in fields(kind)}  # type: ignore[arg-type]


def query_of(kind: ActionKind, **values: str) -> str:
    """The kind's SQL with its thresholds filled in; `values` are SQL already."""
    template = files("nextmove.actions").joinpath(kind.query).read_text(encoding="utf-8")
    return template.format(**{name: literal(value) for name, value in thresholds(kind).items()}, **values)


def with_settings(kinds: tuple[type[ActionKind], ...], settings: Mapping[str, Mapping[str, float]]) -> list[ActionKind]:
    """All kinds with the thresholds that the settings give them."""
    known = {kind.kind: kind for kind in kinds}
    for name, values in settings.items():
        if name not in known:
            raise UnknownName("kind of action", name, known, where="actions.kinds")
        for field in values:
            if field not in thresholds(known[name]()):
                raise UnknownName(f"threshold of {name}", field, thresholds(known[name]()), where=f"actions.kinds.{name}")
    return [_with(kind, settings.get(kind.kind, {})) for kind in kinds]


def _with(kind: type[ActionKind], values: Mapping[str, float]) -> ActionKind:
    defaults = thresholds(kind())
    for field, value in values.items():
        if value < 0:
            raise UserError(f"{kind.kind}.{field} cannot be negative.", where="actions.kinds")
    return kind(**{field: type(defaults[field])(value) for field, value in values.items()})
