"""What every engine does in the same way, and what one cannot do is refused with the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

from nextmove.engine import Distant, DuckDBEngine, Engine, distant_engine
from nextmove.errors import Busy, UnknownName, UserError

from .conftest import DISTANT

ROWS = pa.table(
    {
        "id": ["a", "B", "", None, 'it\'s "so", \\ or\nnot', "שלום"],
        "amount": pa.array(
            [Decimal("12.3400"), Decimal("-0.0001"), None, Decimal("0"), Decimal("99999999999999.9999"), None], pa.decimal128(18, 4)
        ),
        "share": [0.1, None, -1e300, 0.0, 2.5, 1 / 3],
        "count": pa.array([1, None, 2**40, 0, -5, 7], pa.int64()),
        "day": pa.array([dt.date(2024, 2, 29), None, dt.date(1970, 1, 1), dt.date(2069, 12, 31), None, dt.date(2024, 3, 31)]),
        "moment": pa.array(
            [dt.datetime(2024, 3, 31, 1, 59, 59, 999_999), None, dt.datetime(1970, 1, 1), None, None, None], pa.timestamp("us")
        ),
        "flag": [True, False, None, True, None, False],
        "nothing": pa.nulls(6),
    }
)


@pytest.fixture(scope="module", params=("duckdb", *DISTANT))
def engine(request: pytest.FixtureRequest, new_place: Callable[[str, str], str]) -> Iterator[Engine]:
    engine: Engine = DuckDBEngine() if request.param == "duckdb" else distant_engine(new_place(request.param, "contract"))
    yield engine
    engine.close()


@pytest.fixture
def distant(engine: Engine) -> Distant:
    if isinstance(engine, DuckDBEngine):
        pytest.skip("files are loaded into DuckDB without a loan")
    return engine  # type: ignore[return-value]


def test_what_is_written_comes_back(engine: Engine) -> None:
    engine.write("main.things", ROWS)
    found = engine.query("select * from main.things")
    assert _sorted(found) == _sorted(ROWS)
    engine.write("main.things", ROWS.slice(0, 0))
    assert engine.query("select * from main.things").column_names == ROWS.column_names


def test_tables_and_views_are_told_apart(engine: Engine) -> None:
    engine.write("main.things", ROWS)
    engine.execute("create or replace view main.seen as select id from main.things where amount > 0")
    engine.execute("create or replace table main.kept as select id, share from main.seen as seen join main.things using (id)")
    engine.execute("create or replace table main.kept as select id from main.seen")
    assert {"things": "table", "seen": "view", "kept": "table"}.items() <= dict(engine.tables("main")).items()
    assert engine.query("select count(*) as n from main.kept")["n"].to_pylist() == [2]
    engine.execute("create table if not exists main.kept (other double)")
    engine.execute("create table if not exists main.declared (id varchar, amount decimal(18, 4), day date)")
    assert engine.query("select * from main.declared").column_names == ["id", "amount", "day"]
    engine.execute("insert into main.kept select 'more' as id")
    assert engine.query("select max(id) as id, count(*) as n from main.kept").to_pylist() == [{"id": "more", "n": 3}]


def test_text_is_ordered_by_its_bytes(engine: Engine) -> None:
    engine.write("main.names", pa.table({"name": ["a", "B", "ä", "A b", "_", "Ab", None]}))
    sql = "select name, row_number() over (order by name) as place from main.names"
    told = {row["place"]: row["name"] for row in engine.query(sql).to_pylist()}
    assert [told[n + 1] for n in range(7)] == ["A b", "Ab", "B", "_", "a", "ä", None]


def test_a_group_tells_by_what_it_was_made(engine: Engine) -> None:
    rows = "select 'a' as x, null as y, 1 as n union all select 'b', 'c', 2"
    told = "case when grouping(x) = 0 then 'x' when grouping(y) = 0 then 'y' end as cut, coalesce(x, y) as member, sum(n) as n"
    found = engine.query(f"select {told} from ({rows}) as rows group by grouping sets ((x), (y)) order by cut, n").to_pylist()
    assert [(row["cut"], row["member"], int(row["n"])) for row in found] == [("x", "a", 1), ("x", "b", 2), ("y", None, 1), ("y", "c", 2)]


def test_a_missing_value_is_no_number(engine: Engine) -> None:
    """NaN and infinity never stand in for an empty denominator or an empty group."""
    engine.write("main.few", pa.table({"x": pa.array([2.0, None]), "rep": ["one", "none"]}))
    sql = "select rep, quantile_cont(x, 0.5) as median, avg(x) as mean, sum(x) / nullif(count(x), 0) as ratio from main.few group by rep"
    assert {row.pop("rep"): row for row in engine.query(sql).to_pylist()} == {
        "one": {"median": 2.0, "mean": 2.0, "ratio": 2.0},
        "none": {"median": None, "mean": None, "ratio": None},
    }


def test_put_replaces_rows_of_the_same_key(distant: Distant) -> None:
    distant.write("main.puts", pa.table({"id": ["a", "b", None], "n": [1, 2, 3]}))
    distant.put("main.puts", pa.table({"id": ["c"], "n": [4]}))
    distant.put("main.puts", pa.table({"id": ["b", None, "d"], "n": [20, 30, 5]}), key=["id"])
    found = distant.stream("select id, n from main.puts").read_all().to_pylist()
    assert sorted((row["n"], row["id"]) for row in found) == [(1, "a"), (4, "c"), (5, "d"), (20, "b"), (30, None)]


def test_a_load_counts_as_a_whole_or_not_at_all(distant: Distant) -> None:
    distant.write("main.whole", pa.table({"n": [1]}))
    with pytest.raises(ZeroDivisionError), distant.transaction():
        distant.write("main.whole", pa.table({"n": [2, 3]}))
        distant.put("main.whole", pa.table({"n": [4]}))
        raise ZeroDivisionError
    assert distant.query("select n from main.whole")["n"].to_pylist() == [1]


def test_only_one_writes_at_a_time(distant: Distant, new_place: Callable[[str, str], str]) -> None:
    other = distant_engine(new_place(distant.dialect, "contract"))
    with distant.transaction(), pytest.raises(Busy), other.transaction():
        pass
    other.close()


def test_what_spark_cannot_do_is_refused(distant: Distant) -> None:
    if distant.dialect != "spark":
        pytest.skip("PostgreSQL can")
    with pytest.raises(UserError, match="Spark cannot do this"):
        distant.execute("delete from main.whole where n = 1")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/database", "There is no kind of warehouse called 'mysql'"),
        ("spark://nowhere", "This is no address of Spark"),
        ("postgresql://nobody@127.0.0.1:1/none", "PostgreSQL cannot be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url: str, says: str) -> None:
    with pytest.raises((UserError, UnknownName), match=says):
        distant_engine(url)


@pytest.mark.parametrize(
    ("url", "package", "extra"), [("postgresql://host/db", "psycopg", "postgres"), ("spark://local[2]/tmp/x", "pyspark", "spark")]
)
def test_a_missing_driver_says_what_to_install(url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    there = importlib.util.find_spec
    for engine in ("postgres", "spark"):
        monkeypatch.setattr(f"nextmove.engine.{engine}.find_spec", lambda name: None if name == package else there(name))
    with pytest.raises(UserError) as refused:
        distant_engine(url)
    assert refused.value.hint == f"pip install nextmove[{extra}]"


def test_a_secret_is_never_told() -> None:
    with pytest.raises(UserError) as refused:
        distant_engine("postgresql://me:hidden@127.0.0.1:1/none")
    assert "hidden" not in str(refused.value)


def _sorted(table: pa.Table) -> list[tuple[object, ...]]:
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=str)
