"""Where the demo company is written: the canonical tables of a warehouse, as one batch that can be taken back."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from nextmove.engine import DuckDBEngine, literal
from nextmove.tables import Kind, Table, table


class Store:
    """Appends rows to canonical tables; all of one demo company bear the same batch."""

    def __init__(self, engine: DuckDBEngine, *, batch: int) -> None:
        self.engine = engine
        self.batch = batch
        self.rows: dict[str, int] = {}

    def append(self, name: str, rows: pa.Table) -> None:
        """Append `rows` to the table; columns that they lack stay empty."""
        unknown = set(rows.column_names) - {column.name for column in table(name).columns}
        if unknown:
            raise KeyError(f"{name} has no {sorted(unknown)}")
        listed = ", ".join(rows.column_names)
        self.engine.connection.register("demo_rows", rows)
        self.engine.execute(f"insert into main.{name} ({listed}, _batch) select {listed}, {self.batch} from demo_rows")
        self.engine.connection.unregister("demo_rows")
        self.rows[name] = self.rows.get(name, 0) + rows.num_rows

    def record(self, kind: str, *, time_zone: str, loaded_at: dt.datetime) -> None:
        """Write down the batch as every load does: what it brought, and which days it touched."""
        batch = f"{self.batch}, {literal(kind)}, {literal(loaded_at)}, 'the demo company'"
        self.engine.execute(f"insert into main.batches (batch, kind, loaded_at, note) values ({batch})")
        for name, count in self.rows.items():
            self.engine.execute(
                f"""insert into main.batch_tables (batch, table_name, rows_read, loaded, replaced, unchanged, rejected)
                    values ({self.batch}, {literal(name)}, {count}, {count}, 0, 0, 0)"""
            )
            self.engine.execute(
                f"""insert into main.batch_days (batch, table_name, day, rows_touched)
                    select {self.batch}, {literal(name)}, {_day(table(name), time_zone)} as day, count(*)
                    from main.{name} where _batch = {self.batch} group by 3 order by 3"""
            )


def _day(each: Table, time_zone: str) -> str:
    """The local day of a row: that of its first required or key moment or day; none for accounts, products and the like."""
    for column in each.columns:
        if not (column.required or column.key):
            continue
        if column.kind is Kind.DAY:
            return column.name
        if column.kind is Kind.MOMENT:
            return f"(({column.name} at time zone 'UTC') at time zone {literal(time_zone)})::date"
    return "null::date"
