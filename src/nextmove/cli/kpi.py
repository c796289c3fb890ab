"""`nextmove kpi`: what can be known, and what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import Format, FormatOption, Row, WorkspaceOption, day, pair, show

if TYPE_CHECKING:
    from nextmove.company import Company
    from nextmove.kpis import Question
    from nextmove.kpis.alternatives import Choice


def kpi(
    kpi: Annotated[str | None, typer.Argument(metavar="[ID]", help="Which KPI; without it, all are listed.", show_default=False)] = None,
    grain: Annotated[str | None, typer.Option(help="day, week, month, quarter or year.", show_default="the KPI's own")] = None,
    by: Annotated[str, typer.Option(metavar="DIM[,DIM]", help="Cut by these dimensions.")] = "",
    where: Annotated[list[str] | None, typer.Option(metavar="DIM=MEMBER", help="Only this member; may be repeated.")] = None,
    from_day: Annotated[str | None, typer.Option("--from", metavar="DAY", help="From the period that holds this day.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Up to the period that holds the day before this one.")] = None,
    calendar: Annotated[str, typer.Option(help="gregorian, fiscal or jalali.")] = "gregorian",
    basis: Annotated[str | None, typer.Option(help="cohort or period, for conversions.", show_default=False)] = None,
    versus: Annotated[str | None, typer.Option(help="previous, year_ago or target.", show_default=False)] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Another definition; may be repeated.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it.")] = False,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Show the values of a KPI, or list all KPIs with what each needs.

    Example: nextmove kpi net_sales --grain month --by region --from 2025-01-01 --versus year_ago
    """
    from nextmove import company as companies
    from nextmove.kpis import Question

    company = companies.open(workspace or _default())
    if kpi is None:
        _list(company, format)
        return
    question = Question(
        kpi=kpi,
        grain=grain,
        by=tuple(name.strip() for name in by.split(",") if name.strip()),
        where=tuple(pair(text, "--where region=north") for text in where or ()),
        start=day(from_day) if from_day else None,
        end=day(to_day) if to_day else None,
        calendar=calendar,
        basis=basis,
        versus=versus,
        options=dict(pair(text, "--option basis=period") for text in option or ()),
    )
    if sql:
        print(company.sql(question))
    else:
        _show(company, question, format)


def _show(company: Company, question: Question, format: Format) -> None:
    table = company.answer(question).to_arrow()
    show(table.to_pylist(), table.column_names, format, empty="No rows stand behind this question.")
    if format is Format.table:
        _tell_definition(company, question)


def _tell_definition(company: Company, question: Question) -> None:
    """Under the table, what is counted and under which definition; JSON and CSV hold the numbers alone."""
    from nextmove.kpis.alternatives import definition
    from nextmove.kpis.question import check
    from nextmove.kpis.words import described

    checked = check(question, company.catalogue)
    print("\n" + described(checked.kpi))
    chosen = definition(checked, company.settings)
    if chosen:
        print(" · ".join(f"{choice.option} = {choice.value} ({_meant(choice)})" for choice in chosen))


def _meant(choice: Choice) -> str:
    """What an option chooses, and the choice where a word says more than its key."""
    told = choice.value in ("true", "false") or choice.named.lower() == choice.value.replace("_", " ")
    named = "" if told else choice.named
    return ": ".join(part[0].lower() + part[1:] for part in (choice.option_named, named) if part)


def _list(company: Company, format: Format) -> None:
    """Every KPI with its question, its cuts, what it needs and whether that is loaded."""
    from nextmove.kpis.needs import missing, needs_of
    from nextmove.kpis.words import named

    rows: list[Row] = []
    for identifier, each in company.catalogue.kpis.items():
        lacking = missing(company.engine, company.catalogue, each)
        rows.append(
            {
                "kpi": identifier,
                "name": named(each),
                "unit": each.entry.unit,
                "cut_by": " ".join(each.entry.cut_by),
                "needs": ", ".join(needs_of(company.catalogue, each)),
                "computable": not lacking,
                "missing": ", ".join(lacking),
            }
        )
    show(rows, list(rows[0]), format)


def _default() -> Path:
    import os

    return Path(os.environ.get("NEXTMOVE_WORKSPACE") or ".")


def register(app: typer.Typer) -> None:
    app.command()(kpi)
