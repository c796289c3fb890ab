"""Predictions as pages show them: the edition's rows within the reader's reach, with their facts told in the reader's language."""

from __future__ import annotations

import json

from nextmove.app import telling
from nextmove.app.edition import Row
from nextmove.app.visit import Visit
from nextmove.editions.predicting import table_of
from nextmove.engine import literal
from nextmove.errors import MissingData
from nextmove.predictions import task_called
from nextmove.predictions.contract import EVIDENCE, SENTENCE

# Whose a subject is: the alias of the predictions is p.
_OWNERS = {
    "account_id": ("left join main.accounts as owner on owner.account_id = p.account_id", "owner.rep_id"),
    "lead_id": ("left join main.leads as owner on owner.lead_id = p.lead_id", "owner.rep_id"),
    "opportunity_id": (
        "left join main.opportunities as deal on deal.opportunity_id = p.opportunity_id"
        " left join main.accounts as owner on owner.account_id = deal.account_id",
        "coalesce(deal.rep_id, owner.rep_id)",
    ),
}
_SUBJECTS = ("opportunity_id", "lead_id", "account_id")  # of a deal's row, the deal decides whose it is
MOST = 1000


def published(visit: Visit, task: str) -> bool:
    """Whether the edition holds predictions of that task."""
    return table_of(task) in visit.edition.tables


def silence(visit: Visit, task: str) -> str | None:
    """Why the edition holds none."""
    if published(visit, task) or "main.silent" not in visit.edition.tables:
        return None
    row = visit.edition.row(f"select reason from main.silent where subject = {literal(task)}")
    return str(row["reason"]) if row else None


def sentence(visit: Visit, evidence: str | None) -> str | None:
    """The facts behind a score as one sentence."""
    if not evidence:
        return None
    lines = (telling.line(part["say"], part["values"], currency=visit.currency) for part in json.loads(evidence))
    return "; ".join(lines) or None


def rows_within_reach(visit: Visit, task: str, *, account: str = "", most: int = MOST) -> list[Row]:
    """The rows of a task, best first, as `nextmove predict` writes them, their sentence in the reader's language; only those of the
    reader's accounts, leads and deals."""
    task_called(task)
    if not published(visit, task):
        raise MissingData(silence(visit, task) or f"There are no predictions of {task} yet.", hint="nextmove refresh")
    columns = visit.edition.rows(f"select * from {table_of(task)} limit 1")
    subject = next((name for name in _SUBJECTS if columns and name in columns[0]), None)
    join, owner = _OWNERS[subject] if subject else ("", "null")
    within = visit.reach.sql(owner) if subject else "true" if visit.reach.scope.everything else "false"
    limits = [within] + ([f"p.account_id = {literal(account)}"] if account else [])
    order = "p.at_stake" if columns and "at_stake" in columns[0] else "p.score" if columns and "score" in columns[0] else "1"
    sql = f"select p.* from {table_of(task)} as p {join} where {' and '.join(limits)} order by {order} desc limit {min(most, MOST)}"
    rows = visit.edition.rows(sql)
    return [row | {SENTENCE: sentence(visit, row[EVIDENCE])} for row in rows] if columns and EVIDENCE in columns[0] else rows
