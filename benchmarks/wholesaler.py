"""The whole two-year file of a UK wholesaler, written as two CSV files and as the two-sheet workbook that was published, and loaded.

    python benchmarks/wholesaler.py [--data ../shared/data/uci_online_retail_ii] [--keep FOLDER]

Each form is loaded into a workspace of its own as docs/walkthrough-online-retail.md says, then once more. What must come out is known: the
rows of both sheets, less those that stand in both, and their sum. An answer that differs ends the run with an error.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import xlsxwriter

WALKTHROUGH = Path(__file__).parents[1] / "docs" / "walkthrough-online-retail.md"
SHEETS = {"2009-2010": "Year 2009-2010", "2010-2011": "Year 2010-2011"}
COLUMNS = """invoice as "Invoice", stock_code as "StockCode", description as "Description", quantity as "Quantity",
             invoice_ts as "InvoiceDate", price as "Price", customer_id as "Customer ID", country as "Country\""""
KNOWN = "1,044,848 lines, 22,523 of them in both sheets, £18,909,762.12"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data/uci_online_retail_ii")
    parser.add_argument("--keep", type=Path, help="where files and workspaces stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = arguments.keep or Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        lines = f"(from read_parquet('{arguments.data / 'lines.parquet'}'))"
        print(f"expected: {KNOWN}")
        _load("csv", _write_csv(lines, target), target)
        _load("workbook", [_write_workbook(lines, target)], target)
    print(f"largest process {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MiB")


def _write_csv(lines: str, folder: Path) -> list[Path]:
    files = []
    for sheet in SHEETS:
        files.append(folder / f"online_retail_{sheet.replace('-', '_')}.csv")
        duckdb.execute(f"copy (select {COLUMNS} from {lines} where sheet = '{sheet}' order by row_no) to '{files[-1]}' (header)")
    return files


def _write_workbook(lines: str, folder: Path) -> Path:
    file = folder / "online_retail_II.xlsx"
    with xlsxwriter.Workbook(str(file), {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for sheet, title in SHEETS.items():
            page = book.add_worksheet(title)
            rows = duckdb.execute(f"select {COLUMNS} from {lines} where sheet = '{sheet}' order by row_no")
            page.write_row(0, 0, [column[0] for column in rows.description])
            numbers = itertools.count(1)
            while batch := rows.fetchmany(50_000):
                for row in batch:
                    number = next(numbers)
                    for column, value in enumerate(row):
                        _write_cell(page, number, column, value)
    return file


def _write_cell(page: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object) -> None:
    """As the published workbook has them: codes of digits are numbers, all else is text; what is missing is an empty cell."""
    if value is None:
        return
    if isinstance(value, dt.datetime):
        page.write_datetime(row, column, value)
    elif isinstance(value, str) and not (value.isdigit() and not value.startswith("0")):
        page.write_string(row, column, value)
    else:
        page.write_number(row, column, float(str(value)))


def _load(told: str, files: list[Path], folder: Path) -> None:
    workspace = folder / f"wholesaler-{told}"
    _nextmove("init", str(workspace))
    mapping = re.findall(r"```toml\n(.*?)```", WALKTHROUGH.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    (workspace / "mappings/online-retail.toml").write_text(mapping, encoding="utf-8")
    for again in (False, True):
        start = time.perf_counter()
        print(_nextmove("load", *map(str, files), "--workspace", str(workspace)).strip())
        print(f"{told}{', again' if again else ''}: {time.perf_counter() - start:.1f} s")
    with duckdb.connect(str(workspace / "data/warehouse.duckdb"), read_only=True) as warehouse:
        lines, amount = warehouse.execute("select count(*), sum(net_amount) from order_lines").fetchall()[0]
        twice = warehouse.execute("select sum(unchanged) from batch_tables where batch = 1").fetchall()[0][0]
    found = f"{lines:,} lines, {twice:,} of them in both sheets, £{amount:,.2f}"
    print(f"{told}: {found}\n")
    if found != KNOWN:
        sys.exit(f"{told}: expected {KNOWN}")


def _nextmove(*words: str) -> str:
    command = [sys.executable, "-c", "from nextmove.cli import main; main()", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
