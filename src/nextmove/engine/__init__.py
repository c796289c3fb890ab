"""One door to SQL.

Everything above writes DuckDB SQL; an engine runs it, transpiled where it must be, and gives Arrow back. Names are
qualified the same way on every engine: `main` holds the canonical tables and `calendar`, `facts` the facts.
"""

from nextmove.engine.address import distant_engine, is_distant
from nextmove.engine.contract import Distant, Engine, literal, name
from nextmove.engine.duckdb import DuckDBEngine

__all__ = ["Distant", "DuckDBEngine", "Engine", "distant_engine", "is_distant", "literal", "name"]
