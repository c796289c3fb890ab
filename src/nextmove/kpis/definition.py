"""What a KPI is made of: measures (one aggregate of a fact each) and what is done with them.

These are the shapes of an entry in `kpis/*.yaml`. One of five forms makes the value:

    measure:   one aggregate                                    {fact: sales, sum: net}
    ratio:     one aggregate over another                       {of: {…}, to: {…}, times: 100}
    growth:    a KPI over itself, a period or a year before     {of: net_sales, versus: previous}
    retained:  what is left of those active a year before       {fact: sales, key: account_id, where: is_purchase}
    formula:   arithmetic of KPIs, empty where one is empty     "win_rate * average_deal_size"

A ratio keeps its two sides, so nobody can average it. Expressions are SQL over the columns of the fact; `:name` stands for
an option, a setting, or `:start`, `:end`, `:until`, `:as_of` (`:until` is the period's end, or the day after `as_of` where the
period still runs).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from nextmove.errors import UnknownName

AGGREGATES = ("sum", "count", "distinct", "quantile", "mean", "max", "last", "survival")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Stock(Part):
    """Rows that are there at a moment: from the day after `from` on, up to and including `to` (empty: still there)."""

    since: str = Field(alias="from")
    to: str | None = None
    at: Literal["start", "end"] = "end"


class Measure(Part):
    """One aggregate of a fact.

    `day` dates the rows. `stock` counts what is there at the period's start or end. `trailing_days` adds up the days before
    the period's end, whatever its length. `keep: last` leaves one row of each `key` in a period, its last (or first). `per`
    adds up for each key first, then over the keys: `sum`, the `top` n only, or their `squares`. `join` brings in facts with one
    row a key. `dimensions` says under which column this fact holds a dimension (null: it does not have it, the whole stands).
    `everywhere` leaves cuts, conditions and scope aside.
    """

    fact: str
    sum: str | None = None
    count: Literal["*"] | None = None
    distinct: str | tuple[str, ...] | None = None
    quantile: str | None = None
    mean: str | None = None
    max: str | None = None
    last: str | None = None
    survival: str | None = None  # median duration by Kaplan and Meier; `ended` says which rows have ended
    ended: str | None = None
    share: float = 0.5  # which quantile
    where: str | None = None
    day: str = "day"
    stock: Stock | None = None
    trailing_days: int | None = None
    keep: Literal["first", "last"] | None = None
    key: str | None = None
    per: str | None = None
    top: int | None = None
    squares: bool = False
    join: dict[str, str] = Field(default_factory=dict)
    dimensions: dict[str, str | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_aggregate(self) -> Measure:
        given = [name for name in AGGREGATES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a measure has one of {', '.join(AGGREGATES)}; this one has {' and '.join(given) or 'none'}")
        if self.keep and not self.key:
            raise ValueError("`keep` needs a `key`: one row of which key?")
        if (self.top or self.squares) and not self.per:
            raise ValueError("`top` and `squares` need `per`: the top of which keys?")
        return self

    @property
    def aggregate(self) -> str:
        return next(name for name in AGGREGATES if getattr(self, name) is not None)

    @property
    def expression(self) -> str:
        """What is aggregated (`*` for a count of rows)."""
        value = getattr(self, self.aggregate)
        return value if isinstance(value, str) else ", ".join(value)

    @property
    def adds_up(self) -> bool:
        """Whether an empty group is 0 (a sum, a count) and not empty (a median)."""
        return self.aggregate in ("sum", "count", "distinct")

    def expressions(self) -> tuple[str, ...]:
        """All SQL that the measure holds."""
        stock = (self.stock.since, self.stock.to) if self.stock else ()
        return tuple(text for text in (self.expression, self.where, self.day, self.per, self.key, self.ended, *stock) if text)


class Ratio(Part):
    of: Measure
    to: Measure
    times: str | float = 1


class Growth(Part):
    of: str
    versus: Literal["previous", "year_ago"] = "previous"


class Retained(Part):
    """Of the keys active in the same period a year before: the share active now, or with `sum` what they sum to now ÷ then."""

    fact: str
    key: str
    where: str
    sum: str | None = None


class Coverage(Part):
    """The share of a whole that the value could be computed on."""

    of: Measure
    to: Measure


class Maturity(Part):
    """When a cohort no longer looks young: as old as the 90th percentile of the finished steps of the company."""

    fact: str
    days: str  # SQL: how long a finished step took, in days
    where: str | None = None
    day: str = "day"
    share: float = 0.9


class Option(Part):
    """A definition that people disagree on.

    A choice may replace fields of the entry (`choices: {value: {ratio: …}}`). Where two options would replace the same field, the entry
    says in `together` what both mean; else the question is refused. An option without choices is a number or a text, by default that of
    the setting of the same name, and one of `values` where there are any. In SQL what was chosen stands as `:key`; so does an option whose
    choices replace nothing.
    """

    default: str | float | bool | None = None
    setting: str | None = None  # the definition of the company's settings that is the default
    choices: dict[str, dict[str, Any]] | None = None  # Any: fields of an entry
    values: tuple[str, ...] = ()

    def check(self, name: str, chosen: str) -> None:
        """Refuse what is none of the option's choices or values."""
        known = self.choices if self.choices is not None else self.values
        if known and chosen not in known:
            raise UnknownName(name, chosen, known)


class Together(Part):
    """What the choices of several options mean where they are made together."""

    chosen: dict[str, str]
    fields: dict[str, Any]  # Any: fields of an entry


class Entry(Part):
    """One KPI as it is written in a YAML file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    measure: Measure | None = None
    ratio: Ratio | None = None
    growth: Growth | None = None
    retained: Retained | None = None
    formula: str | None = None
    measures: dict[str, Measure] = Field(default_factory=dict)
    numerator: str | None = None
    denominator: str | None = None
    value: str | None = None
    coverage: Coverage | None = None
    matures: Maturity | None = None
    immature_days: str | None = None  # SQL: a cohort is immature for so many days
    moves: bool = False  # whether the number of a finished period can still change
    cut_by: tuple[str, ...]
    unit: Literal["count", "money", "percent", "points", "days", "hours", "minutes", "multiple", "months", "money_per_day"]
    better: Literal["higher", "lower"] | None = None
    cadence: Literal["week", "month", "quarter"] = "month"
    as_of: bool = False
    needs: tuple[str, ...] = ()
    options: dict[str, Option] = Field(default_factory=dict)
    together: tuple[Together, ...] = ()
    name: str | None = None  # texts of a company's own KPI; ours stand in words/
    description: str | None = None

    @field_validator("cut_by", mode="after")
    @classmethod
    def _known_dimensions(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        from nextmove.kpis.dimensions import dimension

        for name in names:
            dimension(name)
        return names

    @model_validator(mode="after")
    def _one_form(self) -> Entry:
        forms = [name for name in ("measure", "ratio", "growth", "retained", "formula", "numerator") if getattr(self, name) is not None]
        if len(forms) != 1:
            raise ValueError(
                f"a KPI has one of measure, ratio, growth, retained, formula, numerator; this one has {' and '.join(forms) or 'none'}"
            )
        return self

    def measures_read(self) -> list[Measure]:
        """All that is read for the value and for how much of the data it covers."""
        return [*self.all_measures().values(), *([self.coverage.of, self.coverage.to] if self.coverage else [])]

    def all_measures(self) -> dict[str, Measure]:
        """The measures by the name under which the value's arithmetic calls them."""
        named = dict(self.measures)
        if self.measure:
            named["of"] = self.measure
        if self.ratio:
            named |= {"of": self.ratio.of, "to": self.ratio.to}
        return named
