"""How long the trust factors of 251 cases with intervals take, beside `scipy.stats.bootstrap`.

scipy gets only T1 of both sets and T4 of three regions, percentile method: five of the eleven
factors and none of the studentised intervals. Medians of several runs in one process and one
thread, as the gateway's scoring processes compute, in processor time, which neighbours move little.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from scipy import stats

from syntrust_gateway.trust_score.service import ONE_THREAD
from syntrust_metrics.trust import score_cases

CASES, RESAMPLES, RUNS = 251, 2000, 15
REGIONS = ("ET", "ED", "NCR")


def request(rng: np.random.Generator) -> dict[str, Any]:
    real, synthetic = rng.beta(5, 2, (CASES, 3)), rng.beta(6, 2, (CASES, 3))
    return {
        "cases": [
            {
                "id": f"c{i:04d}",
                "real": dict(zip(REGIONS, map(float, real[i]), strict=True)),
                "synthetic": dict(zip(REGIONS, map(float, synthetic[i]), strict=True)),
            }
            for i in range(CASES)
        ],
        "policy": {"resamples": RESAMPLES},
    }


def with_scipy(body: dict[str, Any]) -> None:
    real, synthetic = (
        np.array([[case[side][region] for region in REGIONS] for case in body["cases"]])
        for side in ("real", "synthetic")
    )
    columns = [real.mean(1), synthetic.mean(1), *np.abs(real - synthetic).T]
    for column in columns:
        stats.bootstrap((column,), np.mean, n_resamples=RESAMPLES, method="percentile")


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return median(taken)


def main() -> None:
    if sys.argv[1:] != ["here"]:  # numpy reads how many threads it may use once, when it loads
        command = [sys.executable, __file__, "here"]
        subprocess.run(command, check=True, env=os.environ | ONE_THREAD)
        return
    body = request(np.random.default_rng(0))
    start = time.process_time()
    score_cases(body)
    first = time.process_time() - start
    ours, scipys = seconds(lambda: score_cases(body)), seconds(lambda: with_scipy(body))
    print(f"score_cases, {CASES} cases x 3 regions, {RESAMPLES} resamples")
    print(f"  first call in a process  {first * 1e3:7.1f} ms")
    print(f"  later calls              {ours * 1e3:7.1f} ms   (all factors and intervals)")
    print(f"  scipy.stats.bootstrap    {scipys * 1e3:7.1f} ms   (five factors, percentile only)")
    print(f"  scipy / score_cases      {scipys / ours:7.2f}")


if __name__ == "__main__":
    main()
