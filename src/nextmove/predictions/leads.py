"""Which open leads will become customers.

The score is the chance that a lead buys within the horizon after it came, given that it has not yet: the scorer (`scoring.py`) learns from
leads of which the horizon is over, from what was known when they came (source, campaign, segment, industry, size, country, region, landing
page, month, weekday), and each day without a purchase takes away the share of customers who had bought by then. Neither later stages nor
answers nor the account are looked at: they come after, and partly because of, the outcome.

Where these fields do not predict the outcome on the company's own past, every lead gets the base rate, no grade, and a warning.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.engine.once import shared
from nextmove.errors import MissingData
from nextmove.predictions.choosing import told_as
from nextmove.predictions.contract import Learnt, account_days_until, past_cutoffs, report
from nextmove.predictions.encoding import Texts, rates, table_of
from nextmove.predictions.groups import Flags, Numbers
from nextmove.predictions.listing import list_figures
from nextmove.predictions.next_contact import best_contact
from nextmove.predictions.persona import persona_fits
from nextmove.predictions.scoring import Scored, score_table
from nextmove.predictions.telling import chosen_before, strongest, warning_of, what_was_chosen

FIELDS = ("source", "campaign_id", "segment", "industry", "company_size", "country", "region", "landing_page", "month")
GRADES = ((2.0, "A"), (1.0, "B"), (0.5, "C"), (0.0, "D"))  # from so many times the odds of the base rate

_LEADS = """
with first_pages as (
    select session.lead_id, session.landing_page,
        row_number() over (partition by session.lead_id order by session.started_at, session.session_id) as place
    from facts.visits as session
    join main.leads as lead on lead.lead_id = session.lead_id and session.started_at <= lead.created_at
    where session.landing_page is not null
),
customers as (
    select account_id, min(day) as customer_day from {days} as days where bought_net > 0 group by account_id
)
select
    lead.lead_id, lead.day, lead.source, lead.campaign_id, lead.segment, lead.industry, lead.company_size, lead.country, lead.region,
    page.landing_page, cast(extract(month from cast(lead.day as date)) as varchar) as month, customer.customer_day,
    fits.written_fit, cast(raw.disqualified_at as date) as refused_day
from facts.leads as lead
join main.leads as raw on raw.lead_id = lead.lead_id
left join facts.lead_fits as fits on fits.lead_id = lead.lead_id
left join first_pages as page on page.lead_id = lead.lead_id and page.place = 1
left join customers as customer on customer.account_id = lead.account_id
where lead.day <= {as_of} and (customer.customer_day is null or customer.customer_day >= lead.day)
order by lead.day, lead.lead_id
"""


@dataclass(frozen=True)
class Leads:
    """Chance of each open lead to become a customer."""

    task: ClassVar[str] = "leads"
    needs: ClassVar[tuple[str, ...]] = ("leads.lead_id", "leads.created_at", "leads.account_id")
    minimum_history: ClassVar[str] = "predictions.leads.minimum_history"
    score_is_probability: ClassVar[bool] = True

    horizon_days: int = 180

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedLeads:
        leads = load_leads(engine, as_of)
        leads = leads.append_column("contact_method", best_contact(engine, as_of, leads["source"]))
        leads = leads.append_column("persona_fit", persona_fits(engine, leads, as_of=as_of))
        return FittedLeads(self, as_of, leads, learnt if learnt and learnt.serves(self, as_of=as_of) else None)

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        leads = load_leads(engine, as_of)
        left_out = FittedLeads(self, as_of, leads).scored.left_out  # what was empty then has been filled in since
        leads = leads.drop_columns(list(left_out))
        first: dt.date = leads["day"][0].as_py()
        return report([row for day in past_cutoffs(first, as_of, horizon_days=self.horizon_days) for row in self._judged(leads, day)])

    def _judged(self, leads: pa.Table, cutoff: dt.date) -> list[dict[str, object]]:
        """One past day: the rates of sources and the model on the leads that were open then."""
        fitted = FittedLeads(self, cutoff, leads)
        open_, scored = fitted.open, fitted.scored
        bought = fitted.bought_after[open_]
        came = (bought > fitted.age[open_]) & (bought <= self.horizon_days)
        by_source = rates(fitted.sources(fitted.over), fitted.label, fitted.sources(open_))
        scores = {"rule": by_source, told_as(scored.method): fitted.chances(scored)}
        return [
            {"cutoff": cutoff, "method": method, **row}
            for method, score in scores.items()
            for row in list_figures(came, score, np.ones(len(came)), probability=True)
        ]


@dataclass(frozen=True)
class FittedLeads:
    settings: Leads
    as_of: dt.date
    leads: pa.Table
    stored: Learnt | None = None

    @property
    def fields(self) -> list[str]:
        return [name for name in FIELDS if name in self.leads.column_names]

    @property
    def learnt(self) -> Learnt | None:
        return self.stored or what_was_chosen(self.settings, self.scored, self.as_of)

    @cached_property
    def age(self) -> Numbers:
        return _days_between(self.leads, "day", self.as_of)

    @cached_property
    def bought_after(self) -> Numbers:
        """Days from coming to buying; infinite where it has not bought."""
        days = self.leads["customer_day"].cast(pa.int32()).to_numpy().astype(float) - self.leads["day"].cast(pa.int32()).to_numpy()
        after: Numbers = np.where(np.isnan(days), np.inf, days)
        return after

    @property
    def over(self) -> Flags:
        """Of whom it is known what came of it."""
        return self.age >= self.settings.horizon_days

    @property
    def open(self) -> Flags:
        """Came within the horizon, and neither bought nor refused by the day."""
        refused = _days_between(self.leads, "refused_day", self.as_of) >= 0
        return (self.age >= 0) & ~self.over & (self.bought_after > self.age) & ~refused

    @property
    def label(self) -> Numbers:
        return (self.bought_after[self.over] <= self.settings.horizon_days).astype(np.float64)

    def sources(self, chosen: Flags) -> Texts:
        """What the vendors' rule goes by."""
        if "source" not in self.fields:
            return pa.repeat("", int(chosen.sum())).dictionary_encode()
        return table_of(self.leads.select(["source"]), None).column("source").filter(pa.array(chosen))

    @cached_property
    def scored(self) -> Scored:
        given = self.leads.select(["day", *self.fields])
        train = given.filter(pa.array(self.over)).append_column("became_customer", pa.array(self.label))
        return score_table(train, given.filter(pa.array(self.open)), label="became_customer", time="day", choice=chosen_before(self.stored))

    def chances(self, scored: Scored) -> Numbers:
        """The chance of those who have not bought yet: buyers who would have bought by their age are gone."""
        waits = np.sort(self.bought_after[self.over][self.label == 1])
        gone = np.searchsorted(waits, self.age[self.open], side="right") / (len(waits) + 1)
        chance: Numbers = scored.chance * (1 - gone) / (1 - scored.chance * gone)
        return chance

    def predict(self) -> pa.Table:
        scored, chosen = self.scored, self.leads.filter(pa.array(self.open))
        size, chance = chosen.num_rows, self.chances(scored)
        grade = grades(scored) if scored.beats_chance else [None] * size
        given = self.leads.select(self.fields)
        known, asked = given.filter(pa.array(self.over)), given.filter(pa.array(self.open))
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "lead_id": chosen["lead_id"],
                "score": chance,
                "grade": pa.array(grade, pa.string()),
                "persona_fit": chosen["persona_fit"],
                "contact_method": chosen["contact_method"],
                "age_days": self.age[self.open].astype(np.int64),
                "base_rate": np.full(size, scored.base_rate),
                "method": pa.array([scored.method] * size, pa.string()),
                "warning": pa.array([warning_of(scored)] * size, pa.string()),
                **strongest("predictions.leads", scored, known, self.label, asked),
            }
        )


def load_leads(engine: Engine, as_of: dt.date) -> pa.Table:
    """Leads that came by the end of `as_of`, the oldest first, with what is known of them by then."""
    return shared(engine, ("leads", as_of), lambda: _load(engine, as_of))


def _load(engine: Engine, as_of: dt.date) -> pa.Table:
    leads = engine.query(_LEADS.format(as_of=literal(as_of), days=account_days_until(engine, as_of)))
    if not leads.num_rows:
        raise MissingData("There are no leads yet.", where=f"leads up to {as_of}", hint="nextmove load FILE")
    return leads


def grades(scored: Scored) -> list[str]:
    """A to D by the odds against those of the base rate, as it stood when the lead came: waiting changes the score, not the grade."""
    odds = scored.chance / (1 - scored.chance) * (1 - scored.base_rate) / scored.base_rate
    place = np.searchsorted([-least for least, _ in GRADES], -odds)
    return [GRADES[min(each, len(GRADES) - 1)][1] for each in place]


def _days_between(rows: pa.Table, column: str, as_of: dt.date) -> Numbers:
    """Days from `column` to `as_of`; negative where it is empty."""
    days = (as_of - dt.date(1970, 1, 1)).days - rows[column].cast(pa.int32()).to_numpy().astype(float)
    result: Numbers = np.nan_to_num(days, nan=-1.0)
    return result
