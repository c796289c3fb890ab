"""The catalogue as Apache Ossie (incubating; formerly Open Semantic Interchange), version 0.2.0.dev0 of its core schema.

Datasets are the facts and the tables that their dimensions are looked up in; a metric is a KPI. One that is plain aggregates of one
fact on one day column is written as an expression over that fact, so a tool can cut it as it likes. Any other (a stock, a
survival, a growth, two facts) is no single aggregate: it reads its value from `kpi_values`, where every period and member has been
computed, and must be asked for one period, dimension and member at a time. What the standard has no word for stands in
extensions: the calendar with the model, unit, direction, definition and targets with each KPI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nextmove.engine import Engine
from nextmove.export.marts import marts
from nextmove.facts import Fact, fill, parameters
from nextmove.kpis import Catalogue, Kpi
from nextmove.kpis.columns import qualified
from nextmove.kpis.definition import Measure
from nextmove.kpis.words import described, named, questioned
from nextmove.settings import Settings
from nextmove.tables import TABLES
from nextmove.words import text

Json = dict[str, Any]  # Any: JSON
VERSION = "0.2.0.dev0"
VENDOR = "NEXTMOVE"
_LOOKED_UP = {"account_id": "accounts", "rep_id": "reps", "product_id": "products", "campaign_id": "campaigns", "day": "calendar"}
_TYPES = (
    ("DECIMAL", "Decimal"),
    ("VARCHAR", "String"),
    ("BOOLEAN", "Boolean"),
    ("TIMESTAMP", "DateTime"),
    ("DATE", "Date"),
    ("DOUBLE", "Float"),
    ("FLOAT", "Float"),
    ("BIGINT", "Integer"),
    ("INTEGER", "Integer"),
    ("HUGEINT", "Integer"),
    ("SMALLINT", "Integer"),
    ("TINYINT", "Integer"),
)
_OF_PERIOD = re.compile(r"(?<![:\w]):(start|end|until)\b")


def export_ossie(folder: Path, edition: Engine, catalogue: Catalogue, settings: Settings) -> Path:
    """Write `nextmove.ossie.yaml` over the tables of an edition; returns its path."""
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nextmove.ossie.yaml"
    document = yaml.safe_dump(document_of(edition, catalogue, settings), sort_keys=False, allow_unicode=True, width=120)
    path.write_text(document, encoding="utf-8")
    return path


def document_of(edition: Engine, catalogue: Catalogue, settings: Settings) -> Json:
    """The whole document, as the schema wants it."""
    datasets = [_dataset(edition, catalogue, schema, name) for schema, name in _tables(edition)]
    model = {
        "name": "nextmove",
        "description": text("export.ossie.model", company=settings.company.name),
        "ai_context": {"instructions": text("export.ossie.instructions")},
        "datasets": datasets,
        "relationships": _relationships(datasets),
        "metrics": [_metric(kpi, catalogue, settings, _targets(edition)) for kpi in catalogue.kpis.values()],
        "custom_extensions": [_extension({"calendar": _calendar(settings), "targets": {"dataset": "targets"}})],
    }
    return {"version": VERSION, "semantic_model": [model]}


def _tables(edition: Engine) -> list[tuple[str, str]]:
    wanted = ("facts", "dimensions", "marts")
    return [(mart.source.partition(".")[0], mart.name) for mart in marts(edition) if mart.schema in wanted]


def _dataset(edition: Engine, catalogue: Catalogue, schema: str, name: str) -> Json:
    rows = edition.query(f"describe select * from {schema}.{name}").to_pylist()
    described_by = catalogue.facts[name].told if schema == "facts" and name in catalogue.facts else text(f"export.table.{name}")
    keys = {table.name: list(table.key) for table in TABLES} | {"calendar": ["day"], "periods": ["calendar", "grain", "id"]}
    found: Json = {"name": _called(schema, name), "source": f"{schema}.{name}"}
    if schema != "facts" and name in keys:
        found["primary_key"] = keys[name]
    return found | {"description": described_by, "fields": [_field(row["column_name"], row["column_type"]) for row in rows]}


def _called(schema: str, name: str) -> str:
    """A fact may be called as a table is (`leads`): then the fact bears its schema's name as well."""
    return f"fact_{name}" if schema == "facts" else name


def _field(column: str, kind: str) -> Json:
    found: Json = {"name": column, "expression": _expression(column), "datatype": _datatype(kind)}
    if found["datatype"] in ("Date", "DateTime"):
        found["dimension"] = {"is_time": True}
    return found


def _datatype(kind: str) -> str:
    return next((ours for theirs, ours in _TYPES if kind.startswith(theirs)), "Opaque")


def _expression(sql: str) -> Json:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]}


def _extension(content: Json) -> Json:
    return {"vendor_name": VENDOR, "data": json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)}


def _relationships(datasets: Iterable[Json]) -> list[Json]:
    """Many to one over keys that are unique, which is all that a fact needs."""
    known = {dataset["name"] for dataset in datasets}
    found = []
    for dataset in datasets:
        if not dataset["source"].startswith("facts."):
            continue
        for field in dataset["fields"]:
            table = _LOOKED_UP.get(field["name"])
            if table in known:
                column = field["name"]
                link = {"name": f"{dataset['name']}_{table}", "from": dataset["name"], "to": table}
                found.append(link | {"from_columns": [column], "to_columns": [column]})
    return found


def _metric(kpi: Kpi, catalogue: Catalogue, settings: Settings, targets: Mapping[str, list[Json]]) -> Json:
    entry = kpi.entry
    portable = expression_of(kpi, catalogue, settings)
    told = {
        "unit": entry.unit,
        "better": entry.better,
        "cadence": entry.cadence,
        "as_of": entry.as_of,
        "cut_by": list(entry.cut_by),
        "definition": {key: option.default for key, option in entry.options.items() if option.default is not None},
        "time_field": _time_field(kpi) if portable else "kpi_values.period_start",
        "precomputed": portable is None,
        "target": {"dataset": "targets", "kpi": kpi.id, "set_for": targets.get(kpi.id, [])},
    }
    return {
        "name": kpi.id,
        "expression": _expression(portable or f"MAX(CASE WHEN kpi_values.kpi = '{kpi.id}' THEN kpi_values.value END)"),
        "description": described(kpi),
        "ai_context": {"synonyms": [named(kpi)], "examples": [questioned(kpi)]},
        "custom_extensions": [_extension(told)],
    }


def expression_of(kpi: Kpi, catalogue: Catalogue, settings: Settings) -> str | None:
    """The KPI as one expression over one fact; None where it is more than that."""
    entry = kpi.entry
    sides = list(entry.all_measures().values())
    if entry.growth or entry.retained or entry.formula or entry.numerator or entry.value:
        return None
    if len({(side.fact, side.day) for side in sides}) != 1 or not all(_is_plain(side, catalogue.fact(side.fact)) for side in sides):
        return None
    written = [_aggregate(side, catalogue.fact(side.fact), {**parameters(settings), **kpi.parameters}) for side in sides]
    if not entry.ratio:
        return written[0]
    times = "" if entry.ratio.times == 1 else f" * {entry.ratio.times}"
    return f"{written[0]} * 1.0 / NULLIF({written[1]}, 0){times}"


def _is_plain(measure: Measure, fact: Fact) -> bool:
    shaped = measure.stock or measure.trailing_days or measure.keep or measure.per or measure.join or measure.dimensions
    many = isinstance(measure.distinct, tuple)
    told = [measure.expression, measure.where or ""]
    speaks_of_period = any(_OF_PERIOD.search(each) for each in told)
    return not (shaped or many or fact.per_period or speaks_of_period or measure.aggregate in ("last", "survival"))


def _aggregate(measure: Measure, fact: Fact, values: Mapping[str, str]) -> str:
    where = _ansi(measure.where, fact, values) if measure.where else None
    counted = "1" if measure.count else _ansi(measure.expression, fact, values)
    held = f"CASE WHEN {where} THEN {counted} END" if where else counted
    match measure.aggregate:
        case "count":
            return f"COUNT({held})" if where else "COUNT(*)"
        case "distinct":
            return f"COUNT(DISTINCT {held})"
        case "quantile":
            return f"PERCENTILE_CONT({measure.share}) WITHIN GROUP (ORDER BY {held})"
        case "mean":
            return f"AVG({held})"
        case other:
            return f"{other.upper()}({held})"


def _ansi(sql: str, fact: Fact, values: Mapping[str, str]) -> str:
    """An expression of the entry over the dataset's name; in an edition nothing is later than the day at whose end it stands."""
    import sqlglot

    placed = qualified(sql, tuple((column, f"fact_{fact.name}") for column in fact.columns))
    filled = fill(placed, {**values, "as_of": "current_date"})
    return str(sqlglot.parse_one(filled, dialect="duckdb").sql())


def _time_field(kpi: Kpi) -> str:
    side = next(iter(kpi.entry.all_measures().values()))
    return f"fact_{side.fact}.{side.day}"


def _targets(edition: Engine) -> dict[str, list[Json]]:
    """KPI → for which grains and dimensions it has targets, and how many."""
    rows = edition.query(
        "select kpi, grain, coalesce(dimension, '') as dimension, count(*) as targets,"
        " min(period_start) as first, max(period_start) as last from main.targets group by all order by all"
    ).to_pylist()
    found: dict[str, list[Json]] = {}
    for row in rows:
        found.setdefault(str(row.pop("kpi")), []).append(row)
    return found


def _calendar(settings: Settings) -> Json:
    company = settings.company
    return {
        "time_zone": company.time_zone,
        "reporting_currency": company.reporting_currency,
        "week_start": company.week_start,
        "working_week": list(company.working_week),
        "working_hours": list(company.working_hours or ()),
        "public_holidays_of": company.country,
        "further_closed_days": [day.isoformat() for day in company.holidays],
        "fiscal_year_start_month": company.fiscal_year_start_month,
        "calendars": ["gregorian", "fiscal", "jalali"],
        "dataset": "calendar",
    }
