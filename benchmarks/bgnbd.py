"""The BG/NBD fit beside the archived `lifetimes`, in one run: processor time (median of rounds) and log-likelihood.

    python benchmarks/bgnbd.py [--customers 100000] [--rounds 5]

`lifetimes` is no dependency: install it beside (it needs an older pandas and numpy), else only our own figures are printed. Another
environment that has it can be named: --lifetimes-python PATH. Both run in one thread, as `nextmove` does: the threads of BLAS only
wait for each other, and the processor's time counts that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported, here and in the other environment

import numpy as np

from nextmove.predictions.repeat_buying import fit_repeat_buying

_THEIRS = """
import json, sys, time
import numpy as np
from lifetimes import BetaGeoFitter
x, tx, T = np.load(sys.argv[1])
times = []
for _ in range(int(sys.argv[2])):
    begin = time.process_time()
    fitter = BetaGeoFitter(penalizer_coef=0.0).fit(x, tx, T)
    times.append(time.process_time() - begin)
p = fitter.params_
print(json.dumps({"times": times, "parameters": {k: float(p[k]) for k in p.index}, "mean": -float(fitter._negative_log_likelihood_)}))
"""


def customers(number: int, *, seed: int = 1) -> np.ndarray:
    """Simulated customers, in whole days: frequency, recency, T."""
    rng = np.random.default_rng(seed)
    T = rng.integers(30, 730, number).astype(float)
    rate, leaving = rng.gamma(0.6, 1 / 30.0, number), rng.beta(0.9, 3.0, number)
    frequency, recency, now, going = np.zeros(number), np.zeros(number), np.zeros(number), np.ones(number, dtype=bool)
    while going.any():
        now = now + np.maximum(1, np.round(rng.exponential(1 / np.maximum(rate, 1e-9))))
        buys = going & (now <= T)
        frequency, recency = frequency + buys, np.where(buys, now, recency)
        going = buys & (rng.random(number) >= leaving)
    return np.array([frequency, recency, T])


def ours(table: np.ndarray, rounds: int) -> tuple[float, dict[str, float], float]:
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        found = fit_repeat_buying(*table, modified=False)
        times.append(time.process_time() - begin)
    return statistics.median(times), {name: getattr(found, name) for name in ("r", "alpha", "a", "b")}, found.log_likelihood


def log_likelihood(table: np.ndarray, p: dict[str, float]) -> float:
    """The published formula, row by row: the same ruler for both."""
    from scipy.special import betaln, gammaln

    x, tx, T = table
    r, alpha, a, b = (p[name] for name in ("r", "alpha", "a", "b"))
    same = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + T)
    left = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + tx), -np.inf)
    return float((same + np.logaddexp(stays, left)).sum())


def theirs(table: np.ndarray, rounds: int, python: str) -> tuple[float, dict[str, float]] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.npy"
        np.save(path, table)
        done = subprocess.run([python, "-W", "ignore", "-c", _THEIRS, str(path), str(rounds)], capture_output=True, text=True)
    if done.returncode:
        print(f"lifetimes is not there: {done.stderr.strip().splitlines()[-1]}")
        return None
    told = json.loads(done.stdout)
    return statistics.median(told["times"]), told["parameters"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lifetimes-python", default="python")
    given = parser.parse_args()
    table = customers(given.customers)
    seconds, parameters, told = ours(table, given.rounds)
    print(f"nextmove   {seconds:8.3f} s   log-likelihood {log_likelihood(table, parameters):.3f} (told {told:.3f})   {parameters}")
    other = theirs(table, given.rounds, given.lifetimes_python)
    if other:
        print(f"lifetimes  {other[0]:8.3f} s   log-likelihood {log_likelihood(table, other[1]):.3f}   {other[1]}")
        print(f"{other[0] / seconds:.1f} times as fast")


if __name__ == "__main__":
    main()
