"""`POST /trust-score` with up to 100,000 cases: seconds, peak memory, and whether time is linear.

Each size runs in a process of its own, from the bytes of a JSON body to the bytes of the answer, as
the gateway's scoring processes compute it, in one thread. Bound: 100,000 cases within 1 GB, and
seconds per case that do not grow.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from syntrust_gateway.trust_score.pipe import JSON, Answer
from syntrust_gateway.trust_score.scoring import score_request
from syntrust_gateway.trust_score.service import ONE_THREAD

SIZES = (12_500, 25_000, 50_000, 100_000)
REGIONS = ("ET", "ED", "NCR")
MOST_BYTES, MOST_GROWTH = 1 << 30, 1.3


def body(cases: int) -> bytes:
    rng = np.random.default_rng(cases)
    real = rng.beta(5, 2, (cases, len(REGIONS)))
    synthetic = np.clip(real + rng.normal(0, 0.05, real.shape), 0, 1)
    sides = [
        [dict(zip(REGIONS, row, strict=True)) for row in side.tolist()]
        for side in (real, synthetic)
    ]
    entries = [
        {"id": f"hospital-1-case-{i:06d}", "real": one, "synthetic": other}
        for i, (one, other) in enumerate(zip(*sides, strict=True))
    ]
    return json.dumps({"cases": entries}).encode()


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure_here(size: int) -> dict[str, Any]:
    """The body comes over stdin, so that making it does not count."""
    content = sys.stdin.buffer.read()
    before, start = peak_bytes(), time.perf_counter()
    answer = score_request(content, JSON, None)
    seconds = time.perf_counter() - start
    assert isinstance(answer, Answer)
    assert json.loads(answer.content)["cases"] == size
    return {"seconds": seconds, "peak": peak_bytes(), "before": before, "bytes": len(content)}


def measure(size: int) -> dict[str, Any]:
    command = [sys.executable, __file__, str(size)]
    environment = os.environ | ONE_THREAD
    run = subprocess.run(
        command, input=body(size), capture_output=True, check=True, env=environment
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure_here(int(sys.argv[1]))))
        return
    print("   cases   body MB   seconds   us/case   peak MB")
    found = {size: measure(size) for size in SIZES}
    for size, each in found.items():
        print(
            f"{size:8d}  {each['bytes'] / 1e6:8.1f}  {each['seconds']:8.2f}"
            f"  {each['seconds'] / size * 1e6:8.1f}  {each['peak'] / 1e6:8.0f}"
        )
    small, *_, large = found
    growth = found[large]["seconds"] / large / (found[small]["seconds"] / small)
    print(f"seconds per case at {large} over that at {small}: {growth:.2f} (at most {MOST_GROWTH})")
    if growth > MOST_GROWTH or found[large]["peak"] > MOST_BYTES:
        sys.exit("beyond the bound")


if __name__ == "__main__":
    main()
