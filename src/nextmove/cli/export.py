"""`nextmove export`: the numbers and their definitions for other tools."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import WorkspaceOption
from nextmove.errors import UserError

if TYPE_CHECKING:
    from nextmove.engine import Engine
    from nextmove.kpis import Catalogue

exports = typer.Typer(help="KPIs as SQL, tables for BI tools, the catalogue as Apache Ossie.", no_args_is_help=True)
_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; made where it is missing.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.add_typer(exports, name="export")


@exports.command("sql")
def export_sql(
    folder: _Folder,
    grain: Annotated[str | None, typer.Option(help="day, week, month, quarter or year.", show_default="each KPI's own")] = None,
    calendar: Annotated[str, typer.Option(help="gregorian, fiscal or jalali.")] = "gregorian",
    by: Annotated[str | None, typer.Option(metavar="DIM[,DIM]", help="Cut by these only; '' for totals.", show_default="all")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write every KPI as SQL views, in total and by each of its dimensions, commented and running as they stand.

    Example: nextmove export sql views --grain month --by region,rep
    """
    from nextmove import company as companies
    from nextmove.cli.kpi import _default
    from nextmove.export.sql import Wanted
    from nextmove.export.sql import export_sql as write
    from nextmove.words import text

    company = companies.open(workspace or _default())
    chosen = None if by is None else tuple(name.strip() for name in by.split(",") if name.strip())
    wanted = Wanted(grain, calendar, chosen)
    companies.open_answering(company.workspace, company.catalogue).close()  # gives the warehouse the calendar and facts that the views read
    views = write(folder, company.catalogue, company.settings, as_of=company.as_of, wanted=wanted)
    facts = sum(1 for fact in company.catalogue.facts.values() if not fact.per_period)
    print(text("export.sql.done", views=views, kpis=len(company.catalogue.kpis), facts=facts, folder=folder))


@exports.command("tables")
def export_tables(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where Parquet files go.", show_default=False)] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="URL", help="A database instead: postgresql://…", show_default=False)] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write facts, dimensions, KPI values, predictions and actions of the current edition as Parquet, or into PostgreSQL.

    Example: nextmove export tables marts

    Example: nextmove export tables --to postgresql://user@host/marts
    """
    from nextmove.editions import current_edition
    from nextmove.kpis import load_catalogue
    from nextmove.words import text
    from nextmove.workspace import Workspace

    if (folder is None) == (to is None):
        raise UserError("The tables go either into a folder or into a database.", hint="nextmove export tables DIR, or --to postgresql://…")
    found = Workspace.find(workspace)
    edition = current_edition(found)
    written = _write_marts(folder, to, edition.engine, load_catalogue(found))
    for name, rows in written:
        print(f"{name}  {rows:,}", file=sys.stderr)
    print(text("export.tables.done", rows=sum(rows for _, rows in written), tables=len(written), edition=edition.meta.edition))


def _write_marts(folder: Path | None, to: str | None, edition: Engine, catalogue: Catalogue) -> list[tuple[str, int]]:
    from nextmove.export.marts import export_parquet, export_postgres

    if folder is not None:
        return export_parquet(folder, edition, catalogue)
    if not str(to).startswith(("postgresql://", "postgres://")):
        raise UserError(f"{to!r} is no address of a PostgreSQL database.", hint="--to postgresql://user@host/database")
    from nextmove.engine import distant_engine

    with closing(distant_engine(str(to))) as target:
        return export_postgres(target, edition, catalogue)


@exports.command("ossie")
def export_ossie(folder: _Folder, workspace: WorkspaceOption = None) -> None:
    """Write the catalogue as Apache Ossie, which semantic layers and BI tools read.

    Example: nextmove export ossie semantics
    """
    from nextmove.editions import current_edition
    from nextmove.export.ossie import export_ossie as write
    from nextmove.kpis import load_catalogue
    from nextmove.words import text
    from nextmove.workspace import Workspace

    found = Workspace.find(workspace)
    catalogue, edition = load_catalogue(found), current_edition(found)
    path = write(folder, edition.engine, catalogue, found.settings)
    datasets = path.read_text(encoding="utf-8").count("\n    source: ")
    print(text("export.ossie.done", metrics=len(catalogue.kpis), datasets=datasets, file=path))


@exports.command("docs")
def export_docs(
    folder: _Folder,
    examples: Annotated[Path | None, typer.Option(help="A folder of worked examples, as tests/kpis/examples.", show_default=False)] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the KPI reference as Markdown, of our KPIs, or of a workspace's with its own and its definitions.

    Example: nextmove export docs kpis --workspace demo
    """
    from nextmove.export.reference import export_reference
    from nextmove.kpis import load_catalogue
    from nextmove.settings import Settings
    from nextmove.words import text
    from nextmove.workspace import Workspace

    found = Workspace.find(workspace) if workspace else None
    settings = found.settings if found else Settings()
    kpis = export_reference(folder, load_catalogue(found), settings, examples=examples)
    print(text("export.docs.done", kpis=kpis, folder=folder))
