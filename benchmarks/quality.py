"""Every bar of BENCHMARKS.md, by the product's own command with its default settings, beside what was reached.

    python benchmarks/quality.py [--shared ../shared] [--work DIR] [TASK …]

`shared` holds the public data and the scripts that score (they see predictions only). A task is one function here that returns figures, and
its bars; add one by writing it and naming it in TASKS.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from forecasts import AGAINST, COMPANIES, forecasts
from insights import changes, root_causes_of_ratios, root_causes_of_sums

Figures = Mapping[str, float]
LINES = ("order_id", "line_no", "ordered_at", "account_id", "product_id", "quantity", "net_amount")
CUTOFFS = 4  # of the evaluators: 60 days apart, the last one a horizon before the end


@dataclass(frozen=True)
class Bench:
    """Where things are, and the workspaces that several tasks share."""

    shared: Path
    work: Path

    def run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.shared / "quality")
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        return done.stdout

    def nextmove(self, *arguments: str) -> str:
        return self.run(str(Path(sys.executable).parent / "nextmove"), *arguments)

    def score(self, script: str, *arguments: str) -> dict[str, object]:
        scores: dict[str, object] = json.loads(self.run(sys.executable, f"{script}.py", *arguments))
        return scores

    @cached_property
    def retail(self) -> Shop:
        return self._shop("online_retail", "uci_online_retail_ii/lines.parquet")

    @cached_property
    def cdnow(self) -> Shop:
        return self._shop("cdnow", "cdnow/sample.parquet")

    def _shop(self, kind: str, source: str) -> Shop:
        """The public file as the evaluators read it, and the same loaded into a workspace."""
        data, lines, workspace = self.work / kind, self.work / f"{kind}_lines", self.work / f"{kind}_workspace"
        if not (workspace / "nextmove.toml").exists():
            self.run(sys.executable, "prepare_data.py", kind, "--input", str(self.shared / "data" / source), "--out", str(data))
            _order_lines(data / "transactions.parquet", lines)
            self.nextmove("init", str(workspace))
            self.nextmove("load", str(lines), "--workspace", str(workspace), "--yes")
        return Shop(self, data, workspace)


@dataclass(frozen=True)
class Shop:
    bench: Bench
    data: Path
    workspace: Path

    @property
    def end(self) -> pd.Timestamp:
        return pd.read_parquet(self.data / "transactions.parquet", columns=["date"])["date"].max().normalize()

    def cutoffs(self, horizon: int) -> list[pd.Timestamp]:
        return [self.end - pd.Timedelta(days=horizon + 60 * back) for back in range(CUTOFFS)][::-1]

    def predict(self, task: str, cutoff: pd.Timestamp, horizon: int) -> pd.DataFrame:
        """What `nextmove predict` says, under the names that the evaluators use."""
        out = self.data / f"{task}_{cutoff.date()}_{horizon}.parquet"
        day = str(cutoff.date())
        options = ("--as-of", day, "--horizon", str(horizon), "--out", str(out), "--workspace", str(self.workspace))
        self.bench.nextmove("predict", task, *options)
        rows = pd.read_parquet(out).rename(columns={"account_id": "customer_id", "product_id": "item_id"})
        return rows.assign(cutoff=cutoff)

    def answers(self, task: str, horizon: int, cutoffs: list[pd.Timestamp] | None = None) -> Path:
        """A file of predictions at every cut-off."""
        path = self.data / f"{task}_answers.parquet"
        pd.concat([self.predict(task, cutoff, horizon) for cutoff in cutoffs or self.cutoffs(horizon)]).to_parquet(path, index=False)
        return path


def _order_lines(transactions: Path, folder: Path) -> None:
    given = pd.read_parquet(transactions)
    line_no = given.groupby("order_id").cumcount() + 1
    columns = (given.order_id, line_no, given.date, given.customer_id, given.item_id, given.quantity, given.amount.round(4))
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(dict(zip(LINES, columns, strict=True))).to_parquet(folder / "order_lines.parquet", index=False)


def customers(bench: Bench) -> Figures:
    answers = bench.retail.answers("customers", 90)
    scores = bench.score("evaluate_churn", "--data", str(bench.retail.data), "--predictions", str(answers))
    mean: Figures = scores["mean"]  # type: ignore[assignment]
    by_money = pd.read_parquet(answers).assign(score=lambda rows: rows.at_stake)
    by_money.to_parquet(path := bench.retail.data / "customers_by_money.parquet", index=False)
    money = bench.score("evaluate_churn", "--data", str(bench.retail.data), "--predictions", str(path))
    return {**mean, "value_captured@50 by money": money["mean"]["value_captured@50"]}  # type: ignore[index]


def next_order(bench: Bench) -> Figures:
    answers = bench.retail.answers("next-order", 90)
    given: Figures = bench.score("evaluate_next_order", "--data", str(bench.retail.data), "--predictions", str(answers))["given"]  # type: ignore[assignment]
    return given


def clv(bench: Bench) -> Figures:
    purchases, _ = _value(bench, bench.cdnow, pd.Timestamp("1997-09-30"), 273)
    _, revenue = _value(bench, bench.retail, bench.retail.end - pd.Timedelta(days=180), 180)
    return {
        "CDNOW purchases mae": purchases["mae"],
        "revenue spearman": revenue["spearman"],
        "revenue bias_total_pct": revenue["bias_total_pct"],
    }


def _value(bench: Bench, shop: Shop, cutoff: pd.Timestamp, horizon: int) -> tuple[Figures, Figures]:
    answers = shop.answers("clv", horizon, [cutoff])
    protocol = ("--cutoff", str(cutoff.date()), "--horizon", str(horizon), "--predictions", str(answers))
    scores = bench.score("evaluate_clv", "--data", str(shop.data), *protocol)
    return scores["purchases"], scores["revenue"]  # type: ignore[return-value]


def items(bench: Bench) -> Figures:
    answers = bench.retail.answers("items", 90)
    pd.read_parquet(answers)[["cutoff", "customer_id", "item_id", "score"]].to_parquet(answers, index=False)
    scores = bench.score("evaluate_stopped_items", "--data", str(bench.retail.data), "--predictions", str(answers))
    overdue: Figures = scores["mean_overdue"]  # type: ignore[assignment]
    return overdue


def cross_sell(bench: Bench) -> Figures:
    return _lists(bench, "cross-sell", "new")


def reorder(bench: Bench) -> Figures:
    return _lists(bench, "reorder", "repeat")


def _lists(bench: Bench, task: str, mode: str) -> Figures:
    answers = bench.retail.answers(task, 90)
    scores = bench.score("evaluate_crosssell", "--data", str(bench.retail.data), "--mode", mode, "--predictions", str(answers))
    mean: Figures = scores["mean"]  # type: ignore[assignment]
    return mean


def leads(bench: Bench) -> Figures:
    """The scorer of leads and deals on the tables that the evaluator emits."""
    funnel, crm = _scored(bench, "olist", "olist_funnel"), _scored(bench, "maven_crm", "maven_crm")
    return {
        "Olist auc": funnel["auc"],
        "Olist brier": funnel["brier"],
        "CRM told as chance": 1 - crm["beats_chance"],
        "CRM brier": crm["brier"],
    }


def _scored(bench: Bench, preset: str, folder: str) -> Figures:
    from pyarrow import csv

    from nextmove.predictions.scoring import score_table

    out = bench.work / f"scoring_{preset}"
    protocol = ("--preset", preset, "--data", str(bench.shared / "data" / folder), "--regime", "early", "--split", "time")
    bench.score("evaluate_scoring", *protocol, "--emit", str(out))
    train, test = csv.read_csv(out / "train.csv").drop_columns(["id"]), csv.read_csv(out / "test.csv")
    scored = score_table(train, test.drop_columns(["id"]), label="y", time="time")
    pd.DataFrame({"id": test["id"].to_pandas(), "p": scored.chance}).to_csv(out / "answers.csv", index=False)
    given: Figures = bench.score("evaluate_scoring", *protocol, "--predictions", str(out / "answers.csv"))["given"]  # type: ignore[assignment]
    return {**given, "beats_chance": float(scored.beats_chance)}


@dataclass(frozen=True)
class Task:
    """A function that measures, and figure → (least, most)."""

    measure: Callable[[Bench], Figures]
    bars: Mapping[str, tuple[float, float]]


NONE = float("inf")
SHOWN = (-NONE, NONE)  # told, without a bar
TASKS: dict[str, Task] = {
    "customers": Task(
        customers,
        {
            "auc": (0.765, NONE),
            "average_precision": (0.620, NONE),
            "precision@50": (0.78, NONE),
            "brier": (0, 0.190),
            "value_captured@50 by money": (0.15, NONE),
        },
    ),
    "next-order": Task(next_order, {"mae_days_restricted": (0, 24.0), "c_index": (0.68, NONE), "coverage_80": (0.78, 0.82)}),
    "clv": Task(clv, {"CDNOW purchases mae": (0, 0.75), "revenue spearman": (0.64, NONE), "revenue bias_total_pct": (-10, 10)}),
    "items": Task(items, {"auc": (0.69, NONE), "average_precision": (0.745, NONE), "precision@500": (0.80, NONE)}),
    "cross-sell": Task(cross_sell, {"ndcg@10": (0.130, NONE), "recall@10": (0.081, NONE), "precision@10": (0.105, NONE)}),
    "reorder": Task(reorder, {"ndcg@10": (0.495, NONE)}),
    # No bars of BENCHMARKS.md: on the whole no worse than the rule of vendors, and bands that hold; single companies are told as they are.
    "forecast": Task(
        forecasts,
        {
            **{f"{company}: {figure}": SHOWN for company in COMPANIES for figure in ("error", *AGAINST)},
            f"all companies: {AGAINST[0]}": (0, 1),
            "all series: within 80 %": (0.75, 0.90),
            "all series: within 50 %": (0.45, 0.65),
            "company: within 80 %": (0.70, 0.90),
            "company: within 50 %": (0.40, 0.65),
        },
    ),
    "changes": Task(changes, {"false_alerts_per_series_year": (0, 0.35), "net_detected": (0.52, NONE), "f1": (0.60, NONE)}),
    "root-cause": Task(root_causes_of_sums, {"F1": (0.96, NONE), "seconds": (0, 0.5)}),
    "root-cause-ratios": Task(root_causes_of_ratios, {"F1": (0.96, NONE), "seconds": (0, 0.5)}),
    "leads": Task(leads, {"Olist auc": (0.70, NONE), "CRM told as chance": (1, NONE), "CRM brier": (0, 0.2366)}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--work", type=Path, help="keep data and workspaces here; else they are made anew")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(given.shared.resolve(), (given.work or Path(scratch)).resolve())
        missed = [miss for name in given.tasks or TASKS for miss in tell(name, bench)]
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


def tell(name: str, bench: Bench) -> list[str]:
    """Print a task's figures beside the bars; return those that were missed."""
    figures, missed = TASKS[name].measure(bench), []
    for figure, (least, most) in TASKS[name].bars.items():
        reached = least <= figures[figure] <= most
        bar = "" if (least, most) == SHOWN else f"≥ {least:g}" if most == NONE else f"≤ {most:g}" if least == 0 else f"{least:g} … {most:g}"
        told = "" if (least, most) == SHOWN else "reached" if reached else "MISSED"
        print(f"{name:12} {figure:42} {figures[figure]:9.3f}   {bar:14} {told}", flush=True)
        missed += [] if reached else [f"{name} {figure}"]
    return missed


if __name__ == "__main__":
    main()
