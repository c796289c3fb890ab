"""How near the forecast by month comes, and whether its bands hold: by `nextmove predict forecast` at past ends of months.

Three kinds of company: a wholesaler with two years (its first forecast is possible after 18 months), resellers of bicycles who order in
quarters and whose profit falls below nothing, and demo companies of seeds on which nothing was chosen. What came is asked of the KPIs, in
the same workspace. Errors are sums over months of |said − came|, as share of those of last year's month (the rule that vendors use) and of
whichever of three simple methods (last year's month, that times this year's growth, the year's mean) erred least *in hindsight* on that
company.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import nextmove
from nextmove.errors import UserError

if TYPE_CHECKING:
    from quality import Bench

DIMENSIONS = ("team", "rep", "region", "category")
AGAINST = ("against last year's month", "against the best simple")
KEYS = ["kpi", "dimension", "member"]
SAID = ["value", "value_lo", "value_hi", "value_lo_50", "value_hi_50"]
SEEDS = (1, 2, 3)
COMPANIES = ("retail", "resellers", *(f"demo {seed}" for seed in SEEDS))
LINES = 30_000
LEAST_MONTHS = 18
LEAST_SHARE = 1e-3  # smaller series are told, but no band of theirs is counted
WALKTHROUGH = Path(__file__).parents[1] / "docs" / "walkthrough-adventureworks.md"


def forecasts(bench: Bench) -> dict[str, float]:
    places = (bench.retail.workspace, resellers(bench), *(demo(bench, seed) for seed in SEEDS))
    told = {name: pd.concat(_looked_back(bench, place), ignore_index=True) for name, place in zip(COMPANIES, places, strict=True)}
    figures: dict[str, float] = {}
    for name, rows in told.items():
        figures |= {f"{name}: {figure}": value for figure, value in _errors(rows).items()}
    every = pd.concat(told.values(), ignore_index=True)
    rule = [figures[f"{name}: {AGAINST[0]}"] for name in COMPANIES]
    figures[f"all companies: {AGAINST[0]}"] = float(np.exp(np.mean(np.log(rule))))
    return figures | _bands(every, "all series") | _bands(every[every.dimension == "company"], "company")


def demo(bench: Bench, seed: int) -> Path:
    place = bench.work / f"demo_{seed}"
    if not place.exists():
        bench.nextmove("demo", str(place), "--lines", str(LINES), "--seed", str(seed))
    return place


def resellers(bench: Bench) -> Path:
    """AdventureWorks, prepared and loaded as its walk-through says."""
    place, files = bench.work / "resellers", bench.work / "resellers_files"
    if not place.exists():
        files.mkdir(parents=True, exist_ok=True)
        found = re.search(r"```python\n(.*?)```", WALKTHROUGH.read_text(encoding="utf-8"), re.DOTALL)
        assert found, "the walk-through prepares the files in Python"
        told: dict[str, object] = {}
        exec(found.group(1).replace("/{table}.csv'", "/{table}.OUT'").replace(".csv'", ".parquet'").replace(".OUT'", ".csv'"), told)
        told["prepare"](str(bench.shared / "data" / "adventureworks_dw"), str(files))  # type: ignore[operator]
        bench.nextmove("init", str(place))
        settings = place / "nextmove.toml"
        settings.write_text(re.sub("# reporting_currency.*", 'reporting_currency = "USD"', settings.read_text()), encoding="utf-8")
        bench.nextmove("load", str(files), "--workspace", str(place), "--yes")
    return place


def _looked_back(bench: Bench, place: Path) -> Iterator[pd.DataFrame]:
    """What was said at each third end of a month (at each where there are but two years), beside what came in the months that are over."""
    company = nextmove.open(place)
    came = pd.concat([_came(company, kpi, dimension) for kpi in ("net_sales", "gross_profit") for dimension in ("", *DIMENSIONS)])
    company.engine.close()
    months = sorted(came.period_start.unique())[1:-1]  # neither the first nor the last is known to be whole
    ends = range(len(months) - 1, LEAST_MONTHS - 1, -3) if len(months) > 2 * 12 else range(LEAST_MONTHS, len(months))
    for end in sorted(ends):
        cutoff = months[end] - dt.timedelta(days=1)
        out = bench.work / "forecast.parquet"
        bench.nextmove("predict", "forecast", "--as-of", str(cutoff), "--horizon", "180", "--out", str(out), "--workspace", str(place))
        said = pd.read_parquet(out)[
            ["kpi", "dimension", "member", "period_start", "value", "value_lo", "value_hi", "value_lo_50", "value_hi_50"]
        ]
        said = said[said.period_start.isin(months)]
        wide = came[came.period_start < cutoff].pivot_table(index=KEYS, columns="period_start", values="came", fill_value=0)
        known = pd.concat([_simple(wide, month, months) for month in said.period_start.unique()])
        whole = wide[wide.columns[-12:]].mean(axis=1).rename("usual").reset_index()
        rows = said.merge(came, how="left").merge(known, how="left").merge(whole, how="left").fillna({"came": 0.0})
        yield rows.assign(cutoff=cutoff)


def _came(company: nextmove.Company, kpi: str, dimension: str) -> pd.DataFrame:
    """Dimension, member, month and money, by the KPI; empty where it cannot be computed."""
    whole = {"start": dt.date(2000, 1, 1), "end": dt.date(2030, 1, 1)}
    try:
        rows = company.kpi(kpi, grain="month", by=dimension or (), **whole).to_pandas()
    except UserError:
        rows = pd.DataFrame()
    if rows.empty:
        return pd.DataFrame({name: [] for name in ("kpi", "dimension", "member", "period_start", "came")})
    member = rows[dimension].fillna("(unknown)").astype(str) if dimension else ""
    days = pd.to_datetime(rows.period_start).dt.date
    told = {"kpi": kpi, "dimension": dimension or "company", "member": member, "period_start": days, "came": rows.value.astype(float)}
    return pd.DataFrame(told).dropna(subset="came")


def _simple(wide: pd.DataFrame, month: dt.date, months: list[dt.date]) -> pd.DataFrame:
    """What three simple methods say of one month ahead."""
    columns = list(wide.columns)
    year_ago = dt.date(month.year - 1, month.month, 1)
    last = wide[year_ago] if year_ago in columns else wide[columns[-12:]].mean(axis=1)
    now, then = wide[columns[-6:]].sum(axis=1), wide[columns[-18:-12]].sum(axis=1)
    growth = (now / then.where(then > 0)).clip(0.5, 2).fillna(1)
    told = pd.DataFrame({"last_year": last, "growth": last * growth, "mean": wide[columns[-12:]].mean(axis=1)}).reset_index()
    return told.assign(period_start=month)


def _errors(rows: pd.DataFrame) -> dict[str, float]:
    rows = rows[(rows.kpi == "net_sales") & (rows.dimension == "company")]
    errors = {method: float((rows[method] - rows.came).abs().sum()) for method in ("value", "last_year", "growth", "mean")}
    best = min(errors["last_year"], errors["growth"], errors["mean"])
    return {
        "error": errors["value"] / float(rows.came.sum()),
        AGAINST[0]: errors["value"] / errors["last_year"],
        AGAINST[1]: errors["value"] / best,
    }


def _bands(rows: pd.DataFrame, name: str) -> dict[str, float]:
    whole = rows[rows.dimension == "company"].groupby(["cutoff", "kpi"]).usual.first().rename("whole").reset_index()
    rows = rows.merge(whole, how="left") if name != "company" else rows.assign(whole=rows.usual)
    rows = rows[rows.usual.abs() >= LEAST_SHARE * rows.whole.abs()]
    held = {
        80: rows.came.between(rows.value_lo - 0.01, rows.value_hi + 0.01),
        50: rows.came.between(rows.value_lo_50 - 0.01, rows.value_hi_50 + 0.01),
    }
    return {f"{name}: within {level} %": float(np.mean(inside)) for level, inside in held.items()}
