"""The persona as readers see it: the one that is written beside the one that the best customers teach, with the evidence for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nextmove.engine import Engine
from nextmove.settings import Settings

_QUERY = """
select attribute, member, belongs, customers, best, share_of_customers, share_of_best, lift, profit_per_customer
from main.learnt_persona
order by
    case attribute when 'segment' then 1 when 'industry' then 2 when 'company_size' then 3 else 4 end, lift desc, member
"""


@dataclass(frozen=True)
class PersonaRow:
    """One value of one attribute: whether it is in the persona in use, whether the best customers say so, and how often it is found."""

    attribute: str
    member: str
    in_use: bool
    learnt: bool
    customers: int
    best: int
    share_of_customers: float
    share_of_best: float
    lift: float
    profit_per_customer: float


def persona_rows(engine: Engine, settings: Settings) -> Sequence[PersonaRow]:
    """Every value that customers have; empty where nothing could be learnt yet."""
    written = settings.persona
    return [
        PersonaRow(
            in_use=row["member"] in written.get(row["attribute"], ()) if written else row["belongs"], learnt=row.pop("belongs"), **row
        )
        for row in engine.query(_QUERY).to_pylist()
    ]
