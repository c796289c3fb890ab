"""Engines beside DuckDB, as they come from PyPI: started once a session, or left out with the reason.

PostgreSQL is `postgres_url` of all tests; Spark runs in this process, on the machine's Java.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec

import pytest

DISTANT = ("postgres", "spark")
# Java spends more on the best compiling than a short session gives back; without room for what is compiled it would stop altogether.
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m -Xmn300m"

# For every session of these tests, also those that the product opens: what runs once on a few rows is worth neither compiling nor
# sending around.
_SMALL = {
    "spark.shuffle.compress": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.ui.enabled": "false",
    "spark.ui.liveUpdate.period": "-1",
}


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Callable[[str], str]:
    """Makes a database where there is none of that name, and tells its address."""
    import psycopg

    made = set[str]()

    def make(name: str) -> str:
        if name not in made:
            with psycopg.connect(postgres_url, autocommit=True) as connection:
                connection.execute(f"create database {name}")
        made.add(name)
        return postgres_url.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(scope="session")
def spark_master() -> str:
    if find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("there is no Java on this machine, which Spark needs")
    os.environ.setdefault("JDK_JAVA_OPTIONS", _SHORT_LIVED)
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", " ".join(f"--conf {key}={value}" for key, value in _SMALL.items()) + " pyspark-shell")
    return "spark://local[1]"  # a task for each core would be twice as many tasks, of hardly a row each


@pytest.fixture(scope="session")
def new_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], str]:
    """Tells the address of the place of that name on an engine, empty at first."""
    folder = tmp_path_factory.mktemp("spark")

    def make(engine: str, name: str) -> str:
        if engine == "postgres":
            return str(request.getfixturevalue("new_database")(name))
        return f"{request.getfixturevalue('spark_master')}{folder / name}"

    return make
