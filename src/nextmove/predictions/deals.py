"""Which open deals will be won, when, and which are stuck.

Two things speak for a deal: what it was when it began (source, contact method, category, amount, customer, representative; `scoring.py`
learns what these are worth from decided deals, and says so where they are worth nothing), and where it stands: of the deals that stood in
this stage for as long, the share that was won. They are joined as odds. Where history is thin only the stage speaks: the rule that vendors
use, but with the time in the stage.

Expected close is the median of what deals still had before them that stood in the stage for as long and were won. Stuck is what stands
longer in its stage than 80 % of the won deals did. What a deal was called after it ended (loss reason, competitor) is not looked at.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData
from nextmove.predictions.choosing import told_as
from nextmove.predictions.contract import Learnt, past_cutoffs, report
from nextmove.predictions.groups import Counts, Flags, Numbers
from nextmove.predictions.listing import list_figures
from nextmove.predictions.scoring import Scored, score_table
from nextmove.predictions.sentences import evidence, told
from nextmove.predictions.telling import chosen_before, strongest, warning_of, what_was_chosen

FIELDS = (
    "source",
    "contact_method",
    "category",
    "amount",
    "region",
    "segment",
    "industry",
    "country",
    "channel",
    "team",
    "rep_id",
    "from_lead",
)
DRAWN_BY = 10.0  # deals by which the share of a stage and time is drawn to that of the stage, and that to all's

_DEALS = """
select
    deal.opportunity_id, deal.account_id, deal.day, deal.source, deal.contact_method, product.category,
    cast(deal.amount as double) as amount, deal.region, deal.segment, deal.industry, deal.country, deal.channel, deal.team, deal.rep_id,
    case when deal.lead_id is null then 'no' else 'yes' end as from_lead,
    case when deal.closed_day <= {as_of} then deal.closed_day end as closed_day, deal.status = 'won' as won
from facts.deals as deal
left join main.products as product on product.product_id = deal.product_id
where deal.day <= {as_of} and not deal.undated
order by deal.day, deal.opportunity_id
"""
_STAYS = """
select opportunity_id, stage, day, left_day, rank_in_deal
from (
    select opportunity_id, stage, day, cast(left_at as date) as left_day,
        row_number() over (partition by opportunity_id order by entered_at desc, stage) as rank_in_deal
    from facts.stage_stays
    where day <= {as_of}
) as stays
order by opportunity_id, rank_in_deal
"""


@dataclass(frozen=True)
class Deals:
    """Chance of each open deal to be won."""

    task: ClassVar[str] = "deals"
    needs: ClassVar[tuple[str, ...]] = ("opportunities.opportunity_id", "opportunities.created_at", "opportunities.status")
    minimum_history: ClassVar[str] = "predictions.deals.minimum_history"
    score_is_probability: ClassVar[bool] = True

    horizon_days: int = 90
    stuck_share: float = 0.8
    min_won_stays: int = 10

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None, fields: tuple[str, ...] = FIELDS) -> FittedDeals:
        deals = engine.query(_DEALS.format(as_of=literal(as_of)))
        if not deals.num_rows:
            raise MissingData("There are no deals yet.", where=f"opportunities up to {as_of}", hint="nextmove load FILE")
        stays = engine.query(_STAYS.format(as_of=literal(as_of)))
        return FittedDeals(self, as_of, deals, stays, fields, learnt if learnt and learnt.serves(self, as_of=as_of) else None)

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        """Deals that were open at past days and are decided now: the share of the stage beside the model.

        What leaks today stays out of the past too: there it can no longer be told, for what was empty then has been filled in since.
        """
        now = self.fit(engine, as_of=as_of)
        fields = tuple(name for name in FIELDS if name not in now.scored.left_out)
        outcome = dict(zip(now.deals["opportunity_id"].to_pylist(), zip(now.decided, now.won, strict=True), strict=True))
        days = past_cutoffs(now.deals["day"][0].as_py(), as_of, horizon_days=self.horizon_days)
        return report([row for day in days for row in self.fit(engine, as_of=day, fields=fields).judged(outcome)])


@dataclass(frozen=True)
class FittedDeals:
    settings: Deals
    as_of: dt.date
    deals: pa.Table
    stays: pa.Table
    fields: tuple[str, ...] = FIELDS
    stored: Learnt | None = None

    @property
    def learnt(self) -> Learnt | None:
        return self.stored or what_was_chosen(self.settings, self.scored, self.as_of)

    @cached_property
    def closed(self) -> Numbers:
        return _day_numbers(self.deals["closed_day"])

    @property
    def decided(self) -> Flags:
        flags: Flags = ~np.isnan(self.closed)
        return flags

    @cached_property
    def won(self) -> Flags:
        flags: Flags = np.asarray(self.deals["won"].to_numpy(), bool) & self.decided
        return flags

    @property
    def today(self) -> int:
        return (self.as_of - dt.date(1970, 1, 1)).days

    @cached_property
    def history(self) -> Stays:
        return stays_of(self)

    @cached_property
    def scored(self) -> Scored:
        given = self.deals.select(["day", *self.fields])
        train = given.filter(pa.array(self.decided)).append_column("won", pa.array(self.won[self.decided].astype(float)))
        return score_table(train, given.filter(pa.array(~self.decided)), label="won", time="day", choice=chosen_before(self.stored))

    @property
    def base(self) -> float:
        return float((self.won.sum() + 1) / (self.decided.sum() + 2))

    @cached_property
    def stood(self) -> tuple[Numbers, Numbers]:
        """Of the open deals: the share won of those that stood in the stage for as long, and the days these still needed."""
        places = list(zip(*self.history.now, strict=True))
        told_once = {place: self.history.share_and_rest(*place, self.base) for place in sorted(set(places))}
        standing = [told_once[place] for place in places]
        shares, rest = zip(*standing, strict=True) if standing else ((), ())
        return np.array(shares, float), np.array(rest, float)

    def chances(self) -> Numbers:
        shares = self.stood[0]
        if not self.scored.beats_chance:
            return shares
        odds = shares / (1 - shares) * self.scored.chance / (1 - self.scored.chance) * (1 - self.base) / self.base
        chance: Numbers = odds / (1 + odds)
        return chance

    def judged(self, outcome: dict[str, tuple[bool, bool]]) -> list[dict[str, object]]:
        names = self.deals["opportunity_id"].filter(pa.array(~self.decided)).to_pylist()
        known = np.array([outcome[name][0] for name in names], bool)
        came = np.array([outcome[name][1] for name in names], bool)[known]
        return [
            {"cutoff": self.as_of, "method": called, **row}
            for called, score in (("rule", self.stood[0]), (told_as(self.scored.method), self.chances()))
            for row in list_figures(came, score[known], np.ones(len(came)), probability=True)
        ]

    def predict(self) -> pa.Table:
        chosen = self.deals.filter(pa.array(~self.decided))
        size, (stage, days) = chosen.num_rows, self.history.now
        rest = np.where(np.isnan(self.stood[1]), np.nan, np.maximum(self.stood[1], 1))
        close = pa.array(self.today + np.rint(np.nan_to_num(rest)), mask=np.isnan(rest)).cast(pa.int32()).cast(pa.date32())
        by_stage = {name: self.history.usual(name, self.settings) for name in set(stage)}
        usual = np.array([by_stage[name] for name in stage], float)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "opportunity_id": chosen["opportunity_id"],
                "account_id": chosen["account_id"],
                "score": self.chances(),
                "stage": pa.array(stage, pa.string()),
                "stage_days": days.astype(np.int64),
                "stuck": days > np.nan_to_num(usual, nan=np.inf),
                "stuck_after_days": pa.array(usual, mask=np.isnan(usual)),
                "expected_close_on": close,
                "age_days": (self.today - _day_numbers(chosen["day"])).astype(np.int64),
                "amount": chosen["amount"],
                "expected_amount": pc.round(pc.multiply(chosen["amount"], pa.array(self.chances())), 2),
                "base_rate": np.full(size, self.base),
                "method": pa.array(["model" if self.scored.beats_chance else "stage rate"] * size, pa.string()),
                "warning": pa.array([warning_of(self.scored)] * size, pa.string()),
                **self._reasons(),
            }
        )

    def _reasons(self) -> dict[str, pa.Array]:
        """The stage and the time in it; and the field that speaks loudest, where fields speak."""
        stage, days = self.history.now
        percent = np.rint(100 * self.stood[0]).astype(np.int64)
        values = {"stage": pa.array(stage, pa.string()), "days": pa.array(days.astype(np.int64)), "percent": pa.array(percent)}
        words = {"reason": told("predictions.deals.stage", values), "evidence": evidence("predictions.deals.stage", values)}
        if not self.scored.beats_chance:
            return words
        given = self.deals.select(list(self.fields))
        known, asked = given.filter(pa.array(self.decided)), given.filter(pa.array(~self.decided))
        more = strongest("predictions.deals", self.scored, known, self.won[self.decided].astype(float), asked)
        opened, closed = pc.utf8_slice_codeunits(words["evidence"], 0, -1), pc.utf8_slice_codeunits(more["evidence"], 1)
        both = pc.binary_join_element_wise(opened, closed, ", ")
        return {"reason": pc.binary_join_element_wise(words["reason"], more["reason"], "; "), "evidence": both}


@dataclass(frozen=True)
class Stays:
    """Past stays of decided deals (stage, days, whether won, days from entering to the end), and where the open deals stand."""

    stage: np.ndarray
    days: Numbers
    won: Flags
    to_end: Numbers
    now: tuple[np.ndarray, Numbers]

    @cached_property
    def rows(self) -> dict[str, Counts]:
        """The stays in each stage."""
        return {stage: np.flatnonzero(self.stage == stage) for stage in set(self.stage)}

    def share_and_rest(self, stage: str, days: float, base: float) -> tuple[float, float]:
        ever = self.rows.get(stage, np.zeros(0, np.int64))
        won, longer, to_end = self.won[ever], self.days[ever] >= days, self.to_end[ever]
        share = (won.sum() + DRAWN_BY * base) / (len(ever) + DRAWN_BY)
        share = (won[longer].sum() + DRAWN_BY * share) / (longer.sum() + DRAWN_BY)
        rest = to_end[longer & won] if (longer & won).sum() >= 3 else to_end[won]
        return float(share), float(np.median(np.maximum(rest - days, 1))) if len(rest) else np.nan

    def usual(self, stage: str, settings: Deals) -> float:
        """Days in the stage that `stuck_share` of the won deals did not exceed; not a number where they are few."""
        mine = self.days[(self.stage == stage) & self.won]
        return float(np.quantile(mine, settings.stuck_share)) if len(mine) >= settings.min_won_stays else np.nan


def stays_of(fitted: FittedDeals) -> Stays:
    place = _places(fitted.stays["opportunity_id"], fitted.deals["opportunity_id"])
    known = place >= 0
    place, rows = place[known], fitted.stays.filter(pa.array(known))
    stage = np.asarray(pc.fill_null(rows["stage"], "").to_numpy(zero_copy_only=False), object)
    begun, left = _day_numbers(rows["day"]), _day_numbers(rows["left_day"])
    end = np.where(left <= fitted.today, left, np.nan)
    end = np.fmin(end, fitted.closed[place])
    past = fitted.decided[place] & ~np.isnan(end)
    open_, newest = np.flatnonzero(~fitted.decided), rows["rank_in_deal"].to_numpy() == 1
    standing, since = np.full(len(fitted.closed), "", object), _day_numbers(fitted.deals["day"])
    standing[place[newest]], since[place[newest]] = stage[newest], begun[newest]
    to_end = fitted.closed[place] - begun
    now = (standing[open_], np.maximum(fitted.today - since[open_], 0))
    return Stays(stage[past], np.maximum(end - begun, 0)[past], fitted.won[place][past], to_end[past], now)


def _places(ids: pa.ChunkedArray, among: pa.ChunkedArray) -> Counts:
    """Where each id stands among others; −1 where it does not."""
    found = pc.fill_null(pc.index_in(ids, value_set=among), -1)
    places: Counts = np.asarray(found.to_numpy(), np.int64)
    return places


def _day_numbers(days: pa.ChunkedArray) -> Numbers:
    numbers: Numbers = days.cast(pa.int32()).to_numpy().astype(np.float64)
    return numbers
