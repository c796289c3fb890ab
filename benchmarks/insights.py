"""The bars of insights for quality.py: change detection on planted changes, root causes of sums (Squeeze B0) and of ratios (made here)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from quality import Bench

Figures = Mapping[str, float]
RATIO_CASES = 60
SIZES = {"region": 6, "rep": 14, "category": 9, "channel": 4}


def changes(bench: Bench) -> Figures:
    """The alerts of `watch_rows` on the weekly series that the evaluator emits."""
    import pyarrow as pa

    from nextmove.insights.detect import watch_rows

    data, task = bench.retail.data, bench.work / "kpi_alerts"
    bench.score("evaluate_kpi_alerts", "--data", str(data), "--emit", str(task))
    series = pd.read_csv(task / "series.csv")
    told = watch_rows(pa.Table.from_pandas(series, preserve_index=False))
    answers = task / "answers.csv"
    pd.DataFrame(told, columns=["series_id", "week", "direction", "strength", "expected"]).to_csv(answers, index=False)
    given: Figures = bench.score("evaluate_kpi_alerts", "--data", str(data), "--predictions", str(answers))  # type: ignore[assignment]
    return given


def root_causes_of_sums(bench: Bench) -> Figures:
    """All Squeeze B0 cases: exact matches, and the seconds of the slowest."""
    from nextmove.insights.explain.root_cause import root_causes

    folder = bench.shared / "data" / "rca_squeeze_b0"
    cases = pd.read_parquet(folder / "cases.parquet")
    rows, seconds = [], []
    every = dict(iter(pd.read_parquet(folder / "leaves.parquet").groupby(["setting", "timestamp"])))
    for case in cases.to_dict("records"):
        leaves = every[case["setting"], case["timestamp"]]
        cuts = [column for column in leaves.columns if column not in ("real", "predict", "setting", "timestamp")]
        started = time.perf_counter()
        found = root_causes({cut: leaves[cut].tolist() for cut in cuts}, leaves["real"].to_numpy(float), leaves["predict"].to_numpy(float))
        seconds.append(time.perf_counter() - started)
        told = ";".join("&".join(f"{name}={member}" for name, member in one.where) for one in found)
        rows.append({"folder": case["setting"], "timestamp": case["timestamp"], "root_cause": told})
    bench.work.mkdir(parents=True, exist_ok=True)
    answers = bench.work / "root_causes.jsonl"
    answers.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    scores = bench.score("evaluate_rootcause", "--data", str(folder), "--predictions", str(answers))
    overall: Figures = scores["overall"]  # type: ignore[assignment]
    return {"F1": overall["f1"], "seconds": float(np.mean(seconds))}


def root_causes_of_ratios(bench: Bench) -> Figures:
    """Rates that fell in one or two segments while another segment grew: exact matches over generated cases."""
    del bench
    from nextmove.insights.explain.root_cause import root_causes

    hits = misses = false = 0
    seconds = []
    for seed in range(RATIO_CASES):
        where, sides, denominators, truth = ratio_case(np.random.default_rng(seed))
        started = time.perf_counter()
        found = {frozenset(one.where) for one in root_causes(where, *sides, denominators=denominators)}
        seconds.append(time.perf_counter() - started)
        hits, misses, false = hits + len(found & truth), misses + len(truth - found), false + len(found - truth)
    return {"F1": 2 * hits / (2 * hits + misses + false), "seconds": float(np.mean(seconds))}


def ratio_case(
    rng: np.random.Generator,
) -> tuple[dict[str, list[str]], tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray], set[frozenset[tuple[str, str]]]]:
    grid = np.stack(np.meshgrid(*[np.arange(size) for size in SIZES.values()], indexing="ij"), -1).reshape(-1, len(SIZES))
    grid = grid[rng.random(len(grid)) < 0.75]
    names = list(SIZES)
    volume = 60 * np.exp(rng.normal(0, 0.7, len(grid)))
    rate, truth = np.full(len(grid), 0.3), set()
    for cut in rng.permutation(len(names))[: rng.integers(1, 3)]:
        member = int(rng.integers(SIZES[names[cut]]))
        rate[grid[:, cut] == member] *= rng.uniform(0.35, 0.55)
        truth.add(frozenset({(names[cut], f"{names[cut]}{member}")}))
    grown = volume * np.where(grid[:, 2] == 0, 3.0, 1.0)
    then, now = rng.poisson(volume) + 1.0, rng.poisson(grown) + 1.0
    numerators = rng.binomial(now.astype(int), rate).astype(float), rng.binomial(then.astype(int), 0.3).astype(float)
    return {name: [f"{name}{m}" for m in grid[:, at]] for at, name in enumerate(names)}, numerators, (now, then), truth
