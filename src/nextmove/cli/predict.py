"""`nextmove predict` and `nextmove backtest`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, day, show
from nextmove.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from nextmove.engine import DuckDBEngine
    from nextmove.predictions import Prediction
    from nextmove.workspace import Workspace

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="customers, items, cross-sell, reorder, next-order, clv, leads, deals")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", metavar="DAY", help="Stand at the end of this day; nothing later is seen.")]
HorizonOption = Annotated[int | None, typer.Option("--horizon", min=1, metavar="DAYS", help="How far ahead.")]


def register(app: typer.Typer) -> None:
    app.command("predict")(predict)
    app.command("backtest")(backtest)


def predict(
    task: TaskArgument,
    as_of: AsOfOption = None,
    horizon: HorizonOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write .csv or .parquet instead of printing.")] = None,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Say who buys next, and what; one row a subject.

    Example: nextmove predict customers --as-of 2025-03-31 --horizon 90 --out customers.csv
    """
    place, chosen = _workspace(workspace), _task(task, horizon)
    with _warehouse(place) as engine:
        rows = chosen.fit(engine, as_of=day(as_of) if as_of else place.settings.today()).predict()
    _tell(rows, out, format)


def backtest(
    task: TaskArgument,
    as_of: AsOfOption = None,
    horizon: HorizonOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write .csv or .parquet instead of printing.")] = None,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Show how right a prediction would have been on the company's own past, beside the rule that it replaces.

    Example: nextmove backtest customers
    """
    place, chosen = _workspace(workspace), _task(task, horizon)
    with _warehouse(place) as engine:
        rows = chosen.backtest(engine, as_of=day(as_of) if as_of else place.settings.today())
    _tell(rows, out, format)


def _workspace(path: Path | None) -> Workspace:
    from nextmove.workspace import Workspace

    return Workspace.find(path)


def _task(name: str, horizon: int | None) -> Prediction:
    from nextmove.predictions import task_called

    kind = task_called(name)
    return kind() if horizon is None else kind(horizon_days=horizon)  # type: ignore[call-arg]  # each task is a dataclass with this field


@contextmanager
def _warehouse(place: Workspace) -> Iterator[DuckDBEngine]:
    from nextmove.company import open_prepared
    from nextmove.kpis import load_catalogue

    with open_prepared(place, load_catalogue(place)) as engine:
        yield engine


def _tell(rows: pa.Table, out: Path | None, format: Format) -> None:
    if out is None:
        show(rows.to_pylist(), rows.column_names, format)
        return
    if out.suffix == ".parquet":
        import pyarrow.parquet as parquet

        parquet.write_table(rows, out)
    elif out.suffix == ".csv":
        import pyarrow.csv as csv

        csv.write_csv(rows, out)
    else:
        raise UserError(f"{out.name!r} names no known kind of file.", where=str(out), hint="a name that ends in .csv or .parquet")
    typer.echo(f"{rows.num_rows:,} rows → {out}", err=True)
