"""Which engine an address belongs to: `warehouse.url` of the settings."""

from __future__ import annotations

from nextmove.engine.contract import Distant
from nextmove.errors import UnknownName

SCHEMES = ("duckdb", "postgresql", "spark")


def is_distant(url: str) -> bool:
    """Whether the tables live outside the workspace."""
    return _scheme(url) != "duckdb"


def distant_engine(url: str) -> Distant:
    """The engine at a distant address; its driver is only imported here."""
    if _scheme(url) == "spark":
        from nextmove.engine.spark import SparkEngine

        return SparkEngine(url)
    from nextmove.engine.postgres import PostgresEngine

    return PostgresEngine(url)


def _scheme(url: str) -> str:
    scheme = url.partition(":")[0].replace("postgres", "postgresql").replace("postgresqlql", "postgresql")
    if scheme not in SCHEMES:
        raise UnknownName("kind of warehouse", scheme, SCHEMES, where="warehouse.url")
    return scheme
