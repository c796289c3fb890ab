"""The stored KPI values as series: which are watched, on which scale, and with what they cannot be blamed for.

Sums and counts are read per working day; ratios know their denominators; growth is not watched (what it is made of is),
nor are shares over a year, which move once and stay so for a year. Incomplete and immature periods are left out, and those that the
gate holds back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nextmove.engine import Engine, literal, name
from nextmove.insights.detect import Series
from nextmove.kpis import Catalogue, Kpi

if TYPE_CHECKING:
    import pyarrow as pa

_OWN_NAME = ("team", "region", "country", "channel", "segment", "industry", "category", "brand", "contact_method")
COLUMNS = {"rep": "rep_id", "account": "account_id"} | {own: own for own in _OWN_NAME}  # of facts.sales
LARGEST = 200  # members of a dimension: the others are too small to be told
RARE = 3.0  # a count of a few is read with this much added, so that chance does not look like a change
NO_NEWS = ("sales_by_contact_method", "clv_historic")  # net sales under another name; grows with every year that a customer stays
Key = tuple[str, str, str]  # kpi, dimension, member


@dataclass(frozen=True)
class Stored:
    """Series of one grain with their keys, in the order of the series."""

    keys: tuple[Key, ...]
    series: Series
    ends: tuple[dt.date, ...]


def stored(engine: Engine, catalogue: Catalogue, *, grain: str, before: dt.date) -> Stored | None:
    """All watched series of `grain` over periods that ended by `before`; None where there are none."""
    watched = values_watched(catalogue, grain=grain, before=before)
    rows = engine.query(f"{watched} order by v.period_start")
    if grain == "week":
        rows = _with_sales(engine, rows, watched, before)
    if rows.num_rows == 0:
        return None
    keys, row = _numbered(rows)
    starts, first, column = np.unique(rows["period_start"].to_numpy(), return_index=True, return_inverse=True)
    periods: list[dt.date] = starts.astype("datetime64[D]").tolist()
    ends = dict(zip(periods, rows["period_end"].take(first).to_pylist(), strict=True))
    additive = np.array([adds_up(catalogue.kpi(kpi)) for kpi, _, _ in keys])
    values = np.where(additive[:, None], 0.0, np.full((len(keys), len(periods)), np.nan))
    values[row, column] = rows["value"].to_numpy()
    weights = np.ones_like(values)
    weights[row, column] = np.nan_to_num(rows["denominator"].to_numpy(), nan=1.0)
    flows = np.array([not catalogue.kpi(kpi).entry.as_of for kpi, _, _ in keys]) & additive
    days = working_days(engine, periods, [ends[start] for start in periods])
    series = Series(
        tuple("\t".join(key) for key in keys),
        tuple(periods),
        values,
        _families(keys),
        additive=additive.tolist(),
        exposure=np.where(flows[:, None], days, 1.0),
        weights=np.where(additive[:, None], 1.0, np.maximum(weights, 0.0)),
        least=np.array([RARE if catalogue.kpi(kpi).entry.unit == "count" else 0.0 for kpi, _, _ in keys]),
        parents=_parents(keys),
    )
    return Stored(keys, series, tuple(ends[start] for start in periods))


def values_watched(catalogue: Catalogue, *, grain: str, before: dt.date) -> str:
    """SQL: the stored values of one grain that are watched."""
    kpis = [kpi.id for kpi in catalogue.kpis.values() if watchable(kpi)]
    return (
        f"select v.kpi, v.dimension, v.member, v.period_start, v.period_end, cast(v.value as double) as value, "
        f"cast(coalesce(v.denominator, v.rows) as double) as denominator from main.kpi_values as v where v.grain = {literal(grain)} "
        f"and v.calendar = 'gregorian' and v.complete and not v.immature and v.period_end <= {literal(before)} "
        f"and v.kpi in ({', '.join(map(literal, kpis))})"
    )


def sales_watched(engine: Engine, watched: str, *, before: dt.date) -> list[str]:
    """SQL: weekly net sales of the members for which only months are stored, and of the largest customers."""
    known = set(engine.query(f"select distinct dimension from ({watched}) as v where kpi = 'net_sales'")["dimension"].to_pylist())
    there = set(engine.query("select * from facts.sales limit 0").column_names)
    return [_weekly_sales(dimension, column, before) for dimension, column in COLUMNS.items() if dimension not in known and column in there]


def _with_sales(engine: Engine, rows: pa.Table, watched: str, before: dt.date) -> pa.Table:
    import pyarrow as pa

    more = [engine.query(sql).cast(rows.schema) for sql in sales_watched(engine, watched, before=before)]
    return pa.concat_tables([rows, *more]).sort_by("period_start")


def _weekly_sales(dimension: str, column: str, before: dt.date) -> str:
    """SQL: net sales a week of each member; of customers only those that sold most in these weeks: a day more changes nothing."""
    column = name(column)
    finished = f"day < (select max(week_end) from main.calendar where week_end <= {literal(before)})"
    largest = f"(select {column} from facts.sales where {finished} group by {column} order by sum(net) desc, {column} limit {LARGEST})"
    return (
        f"select 'net_sales' as kpi, {literal(dimension)} as dimension, coalesce(f.{column}, '(unknown)') as member, "
        f"c.week_start as period_start, c.week_end as period_end, cast(sum(f.net) as double) as value, cast(null as double) as denominator "
        f"from facts.sales as f join main.calendar as c on c.day = f.day "
        f"where c.week_end <= {literal(before)} and f.{column} in {largest} group by 2, 3, 4, 5"
    )


def watchable(kpi: Kpi) -> bool:
    """Whether a change of the KPI would be news of its own: not a growth, nor one of NO_NEWS."""
    if kpi.id in NO_NEWS:
        return False
    return kpi.entry.growth is None and kpi.entry.retained is None and kpi.entry.better is not None


def adds_up(kpi: Kpi) -> bool:
    """Whether a period without rows is 0, not empty."""
    measure = kpi.entry.measure
    return measure is not None and measure.adds_up


def working_days(engine: Engine, starts: list[dt.date], ends: list[dt.date]) -> NDArray[np.float64]:
    one = dt.timedelta(days=1)
    span = f"day >= {literal(starts[0] - one)} and day < {literal(ends[-1])}"
    rows = engine.query(f"select day, working_day_no from main.calendar where {span}")
    so_far = dict(zip(rows["day"].to_pylist(), rows["working_day_no"].to_pylist(), strict=True))
    return np.array([so_far[end - one] - so_far[start - one] for start, end in zip(starts, ends, strict=True)], dtype=float)


def _numbered(rows: pa.Table) -> tuple[tuple[Key, ...], NDArray[np.int64]]:
    """The series in the order of their keys, and the series of each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    joined = pc.binary_join_element_wise(*(rows[c].cast(pa.string()) for c in ("kpi", "dimension", "member")), "\t").combine_chunks()
    coded = joined.dictionary_encode()
    unique = coded.dictionary.to_pylist()
    order = sorted(range(len(unique)), key=unique.__getitem__)
    place = np.empty(len(unique), np.int64)
    place[order] = np.arange(len(unique))
    keys = [unique[at].split("\t") for at in order]
    return tuple((kpi, dimension, member) for kpi, dimension, member in keys), place[coded.indices.to_numpy()]


def _families(keys: tuple[Key, ...]) -> NDArray[np.int64]:
    names = np.array([f"{kpi}\t{dimension}" for kpi, dimension, _ in keys])
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _parents(keys: tuple[Key, ...]) -> NDArray[np.int64]:
    """Of each member the series of the whole company; −1 for that itself."""
    wholes = {kpi: row for row, (kpi, dimension, _) in enumerate(keys) if not dimension}
    return np.array([wholes.get(kpi, -1) if dimension else -1 for kpi, dimension, _ in keys], dtype=np.int64)
