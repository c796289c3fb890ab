"""The canonical tables: every source is mapped onto these, every number reads only these."""

from nextmove.tables.declared import TABLES, Column, Kind, Table, table

__all__ = ["TABLES", "Column", "Kind", "Table", "table"]
