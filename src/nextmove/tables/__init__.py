"""The canonical tables: every source is mapped onto these, every number reads only these."""

from nextmove.tables.declared import DATED_BY, FIRST_DAY, LAST_DAY, TABLES, Column, Kind, Table, table
from nextmove.tables.predicted import FILLED_BY, PREDICTED, PREDICTED_NAMES

__all__ = ["DATED_BY", "FILLED_BY", "FIRST_DAY", "LAST_DAY", "PREDICTED", "PREDICTED_NAMES", "TABLES", "Column", "Kind", "Table", "table"]
