"""Leads: which to take up next. Each open lead with its chance to become a customer, its grade, its waiting, and how to get in touch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from nextmove.app import exports, predicted, telling
from nextmove.app.edition import Row
from nextmove.app.paging import PAGE_SIZE, Paged, page_count, page_number
from nextmove.app.visit import Visit, page
from nextmove.words import text

GRADES = ("A", "B", "C", "D")
_SQL = """
select p.lead_id, p.score, p.grade, p.age_days, p.base_rate, p.warning, p.evidence, p.contact_method,
    lead.source, lead.segment, lead.industry, lead.country, lead.created_at, lead.first_response_at, p.persona_fit as fit,
    coalesce(rep.name, lead.rep_id) as rep_name
from predictions.leads as p
join (select *, rep_id as owner_id from main.leads) as lead on lead.lead_id = p.lead_id
left join main.reps as rep on rep.rep_id = lead.rep_id
where {where}
order by p.score desc, p.lead_id
"""


@dataclass(frozen=True)
class Lead:
    """One open lead; `waits` while nobody has answered it."""

    lead_id: str
    score: float
    grade: str | None
    fit: float | None
    source: str | None
    about: str
    created_on: dt.date
    age_days: int
    waits: bool
    rep_name: str | None
    contact: str | None
    why: str | None


@dataclass(frozen=True)
class LeadsPage(Paged):
    template: ClassVar[str] = "leads.html"
    leads: tuple[Lead, ...]
    counts: dict[str, int]
    grade: str
    number: int
    found: int
    base_rate: float | None = None
    warning: str | None = None
    missing: str | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def grades(self) -> list[tuple[str, int]]:
        return [(grade, self.counts[grade]) for grade in GRADES if self.counts.get(grade)]

    def address(self, number: int) -> str:
        return f"?grade={self.grade}&page={number}"


def leads_page(visit: Visit, asked: Mapping[str, str]) -> LeadsPage:
    grade = asked.get("grade", "") if asked.get("grade", "") in GRADES else ""
    number = page_number(asked.get("page", "1"))
    if not predicted.published(visit, "leads"):
        return LeadsPage((), {}, grade, 1, 0, missing=predicted.silence(visit, "leads") or text("app.leads.missing"))
    rows = visit.edition.kept(("leads", visit.reach.scope), lambda: visit.edition.rows(_sql(visit)))
    counts = {each: sum(row["grade"] == each for row in rows) for each in GRADES}
    chosen = [row for row in rows if not grade or row["grade"] == grade]
    number = min(max(number, 1), page_count(len(chosen)))
    shown = chosen[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    first = rows[0] if rows else None
    told = tuple(_lead(visit, row) for row in shown)
    base, warning = (first["base_rate"], first["warning"]) if first else (None, None)
    return LeadsPage(told, counts if any(counts.values()) else {"": len(rows)}, grade, number, len(chosen), base, warning)


def _sql(visit: Visit) -> str:
    return _SQL.format(where=visit.reach.sql("lead.owner_id"))


def _lead(visit: Visit, row: Row) -> Lead:
    about = " · ".join(part for part in (row["segment"], row["industry"], row["country"]) if part)
    contact = telling.named("app.activity.", row["contact_method"]) if row["contact_method"] else None
    why = predicted.sentence(visit, row["evidence"])
    waits = row["first_response_at"] is None
    kept = {name: row[name] for name in ("lead_id", "score", "grade", "fit", "source", "age_days", "rep_name")}
    return Lead(**kept, about=about, created_on=row["created_at"].date(), waits=waits, contact=contact, why=why)


@page("leads")
def leads(visit: Visit, request: HttpRequest) -> LeadsPage:
    return leads_page(visit, request.GET.dict())


@page("leads")
def leads_file(visit: Visit, request: HttpRequest) -> HttpResponse:
    """All open leads within reach, as CSV."""
    rows = predicted.rows_within_reach(visit, "leads", most=predicted.MOST)
    columns = tuple(rows[0]) if rows else ("lead_id", "score")
    return exports.csv_file("leads.csv", columns, ([row[column] for column in columns] for row in rows))
