"""`nextmove predict` and `nextmove backtest`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, day, show
from nextmove.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from nextmove.editions.backtests import Backtest
    from nextmove.engine import Engine
    from nextmove.predictions import Prediction
    from nextmove.workspace import Workspace

TaskArgument = Annotated[
    str, typer.Argument(metavar="TASK", help="customers, items, cross-sell, reorder, next-order, clv, leads, deals, forecast, price")
]
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
    from nextmove.predictions.contract import what_the_score_is

    place, chosen = _workspace(workspace), _task(task, horizon)
    with _warehouse(place) as engine:
        rows = chosen.fit(engine, as_of=day(as_of) if as_of else place.settings.today()).predict()
    _tell(rows, out, format)
    typer.echo(what_the_score_is(chosen), err=True)


def backtest(
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="One of the predictions; all of them where none is named.")] = None,
    as_of: AsOfOption = None,
    horizon: HorizonOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write .csv or .parquet instead of printing.")] = None,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Show how right a prediction would have been on the company's own past, beside the rule that it replaces.

    With neither --as-of nor --horizon the result is kept for the page "How right were we?".

    Example: nextmove backtest customers
    """
    from nextmove.predictions import TASKS

    place = _workspace(workspace)
    chosen = [_task(name, horizon) for name in ([task] if task else [each.task for each in TASKS])]
    stands, standard = day(as_of) if as_of else place.settings.today(), as_of is None and horizon is None
    _tell(_figures(list(_looked_back(place, chosen, stands, standard))), out, format)


def _looked_back(place: Workspace, tasks: Sequence[Prediction], as_of: dt.date, standard: bool) -> Iterator[Backtest]:
    """One after the other; where several are asked for, one that lacks data says so and the others go on."""
    from nextmove.editions.backtests import Backtest, keep, look_back

    with _warehouse(place) as engine:
        for task in tasks:
            try:
                looked = look_back(engine, task, as_of=as_of)
            except UserError as error:
                if len(tasks) == 1:
                    raise
                looked = Backtest(task.task, as_of, task.horizon_days, silent=error.what)
            if standard:
                keep(place, looked)
            if len(tasks) > 1:
                typer.echo(f"{task.task}: {looked.silent or f'{len(looked.figures)} figures'}", err=True)
            yield looked


def _figures(found: Sequence[Backtest]) -> pa.Table:
    """The rows of one backtest as the contract has them; of several, each with its task."""
    import pyarrow as pa

    from nextmove.predictions.contract import REPORT

    rows = [{"task": each.task, **vars(figure)} for each in found for figure in each.figures]
    schema = REPORT if len(found) == 1 else pa.schema([pa.field("task", pa.string()), *REPORT])
    return pa.Table.from_pylist(rows, schema=schema)


def _workspace(path: Path | None) -> Workspace:
    from nextmove.workspace import Workspace

    return Workspace.find(path)


def _task(name: str, horizon: int | None) -> Prediction:
    from nextmove.predictions import task_called

    kind = task_called(name)
    return kind() if horizon is None else kind(horizon_days=horizon)  # type: ignore[call-arg]  # each task is a dataclass with this field


@contextmanager
def _warehouse(place: Workspace) -> Iterator[Engine]:
    """Where the tables are: features are computed there, and what comes here is one row an account, product and day at most."""
    from nextmove.company import open_answering
    from nextmove.kpis import load_catalogue

    with closing(open_answering(place, load_catalogue(place))) as engine:
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
