"""A representative's list: the actions of an edition, without those that were dismissed, done or snoozed until later.

The scope is part of the query, and withheld actions (the control group) never leave it. Within one customer (or lead, or deal) each
further action of the list counts half of the one before, so a list is not five lines of one customer. That is counted over what the list
holds: what is dismissed, or of a kind that was not asked for, pushes nothing down. With nothing taken out it is the order in the edition.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from nextmove import words
from nextmove.actions import KINDS
from nextmove.actions.journal import Journal, Standing
from nextmove.actions.tell import Value, tell_line
from nextmove.engine import Engine, literal
from nextmove.errors import UnknownName
from nextmove.kpis.scope import Scope

KIND_NAMES = tuple(kind.kind for kind in KINDS)

_LISTED = """
with open_actions as (
    select action.*, row_number() over (
        partition by action.rep_id, coalesce(action.account_id, concat('lead ', action.lead_id), concat('deal ', action.opportunity_id))
        order by action.rank
    ) as nth
    from main.actions as action
    where not action.withheld and {where}
),
placed as (
    select action.*, row_number() over (
        partition by action.rep_id order by action.expected_value / power(2, action.nth - 1) desc, action.rank
    ) as place
    from open_actions as action
)
select
    action.*, account.name as account_name, product.name as product_name, rep.name as rep_name, deal.name as deal_name
from placed as action
left join main.accounts as account on account.account_id = action.account_id
left join main.products as product on product.product_id = action.product_id
left join main.reps as rep on rep.rep_id = action.rep_id
left join main.opportunities as deal on deal.opportunity_id = action.opportunity_id
where action.place <= {most}
order by {order}"""


@dataclass(frozen=True)
class Line:
    """One line of evidence: a words id and its values."""

    say: str
    values: dict[str, Value]


@dataclass(frozen=True)
class Action:
    """One action as its owner sees it."""

    action_key: str
    kind: str
    rep_id: str | None
    account_id: str | None
    product_id: str | None
    lead_id: str | None
    opportunity_id: str | None
    at_stake: Decimal
    probability: float
    effect: float
    expected_value: Decimal
    due_on: dt.date
    contact_method: str
    next_step: str
    evidence: tuple[Line, ...]
    place: int
    account_name: str | None
    product_name: str | None
    rep_name: str | None
    deal_name: str | None
    standing: Standing | None = None

    @property
    def subject(self) -> str:
        """Whom or what it is about, by name where there is one."""
        names = (self.account_name, self.account_id, self.deal_name, self.lead_id, self.opportunity_id)
        return next(name for name in names if name)

    @property
    def title(self) -> str:
        return words.text(f"action.{self.kind}.name")

    @property
    def step(self) -> str:
        """The next step as a sentence."""
        return words.text(self.next_step, subject=self.subject, product=self.product_name or self.product_id or "")

    def lines(self, *, currency: str) -> list[str]:
        """The evidence as sentences."""
        return [tell_line(line.say, line.values, currency=currency) for line in self.evidence]

    def snapshot(self) -> dict[str, object]:
        """What the journal keeps of it."""
        return {key: value for key, value in asdict(replace(self, standing=None, evidence=())).items() if value is not None and value != ()}


def list_actions(
    engine: Engine, journal: Journal, *, scope: Scope, day: dt.date, most: int, rep: str | None = None, kind: str | None = None
) -> list[Action]:
    """The open actions in scope, best first; of each representative at most `most`."""
    standing = journal.standing()
    hidden = [key for key, held in standing.items() if held.hides(day)]
    if rep is not None:
        check_rep(engine, rep, scope=scope)
    if kind is not None and kind not in KIND_NAMES:
        raise UnknownName("kind of action", kind, KIND_NAMES)
    where = " and ".join([_in_scope(scope), *_equal("rep_id", rep), *_equal("kind", kind), *_not_in(hidden)])
    order = "action.place" if rep is not None else "action.expected_value desc, action.action_key"
    rows = engine.query(_LISTED.format(where=where, most=literal(most), order=order)).to_pylist()
    return [_action(row, standing) for row in rows]


def action_called(engine: Engine, journal: Journal, key: str, *, scope: Scope) -> Action:
    """The action of that key, or of the only key that begins so; out of scope and withheld are not there."""
    where = f"{_in_scope(scope)} and starts_with(action.action_key, {literal(key)})"
    rows = engine.query(_LISTED.format(where=where, most=1_000_000, order="action.action_key")).to_pylist()
    if len(rows) != 1 and key not in {row["action_key"] for row in rows}:
        known = f"select action_key from main.actions as action where not withheld and {_in_scope(scope)}"
        raise UnknownName("action", key, engine.query(known)["action_key"].to_pylist())
    return _action(next(row for row in rows if len(rows) == 1 or row["action_key"] == key), journal.standing())


def check_rep(engine: Engine, rep: str, *, scope: Scope) -> None:
    """Refuse a representative that nobody knows or who is out of scope."""
    rows = engine.query("select rep_id from main.reps union select rep_id from main.actions where rep_id is not null")
    known = {value for value in rows["rep_id"].to_pylist() if scope.reps is None or value in scope.reps}
    if rep not in known:
        raise UnknownName("representative", rep, known)


def _in_scope(scope: Scope) -> str:
    if scope.reps is None:
        return "true"
    return f"action.rep_id in ({', '.join(literal(rep) for rep in sorted(scope.reps))})" if scope.reps else "false"


def _equal(column: str, value: str | None) -> list[str]:
    return [] if value is None else [f"action.{column} = {literal(value)}"]


def _not_in(keys: list[str]) -> list[str]:
    return [f"action.action_key not in ({', '.join(literal(key) for key in keys)})"] if keys else []


def _action(row: dict[str, Any], standing: dict[str, Standing]) -> Action:  # Any: a cell
    evidence = tuple(Line(line["say"], line["values"]) for line in json.loads(row["evidence"]))
    own = {key: value for key, value in row.items() if key not in ("evidence", "withheld", "rank", "nth")}
    return Action(**own, evidence=evidence, standing=standing.get(row["action_key"]))
