"""How long a list of experiments takes with 10,000 of them, beside an empty one.

Each has the spec of a sweep over a large dataset, which a list must not read. One client has all of
them and another none; both ask in turn, so that what else the machine does disturbs both alike.
Fails unless p99 of the full list is within 3 times that of the empty one.

    python benchmarks/bench_lists.py [--experiments 10000] [--cases 1251] [--database URL]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI
from sqlalchemy import insert

from syntrust_core import log as structured_log
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.db.tables import Dataset, DatasetState, Experiment, Role, RunState, new_id
from syntrust_gateway.trust_score.service import ScorerPool

BOUND = 3.0
ROWS_AT_ONCE = 500


def main() -> None:
    options = arguments()
    structured_log.configure("console", logging.WARNING)  # a line for each request is no news
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{Path(folder) / 'lists.sqlite'}"
        migrate(url)
        container, keys = fill(url, options.experiments, options.cases)
        app = create_app(container, ScorerPool())
        taken_ms = asyncio.run(ask(app, keys, options.requests))
    p99 = [float(np.percentile(each, 99)) for each in taken_ms]
    for name, each, tail in zip(("empty", "full"), taken_ms, p99, strict=True):
        print(f"{name:6} list: median {np.median(each):6.2f} ms, p99 {tail:6.2f} ms")
    ratio = p99[1] / p99[0]
    print(f"p99 of {options.experiments} experiments is {ratio:.2f} times that of none")
    if ratio > BOUND:
        sys.exit(f"more than {BOUND:g} times")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--experiments", type=int, default=10_000)
    parser.add_argument("--cases", type=int, default=1251)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--database", help="an empty database; a SQLite file if it is left out")
    return parser.parse_args()


def fill(url: str, experiments: int, cases: int) -> tuple[Container, list[str]]:
    """Make a client without and one with experiments; their keys in this order."""
    engine = make_engine(url)
    write = session_factory(engine)
    with write.begin() as session:
        keys = [create_client(session, name, Role.USER) for name in ("empty", "full")]
        dataset = Dataset(name="d", grid="native", scheme="auto", owner=2, digest="d" * 64)
        dataset.state = DatasetState.READY
        session.add(dataset)
        session.flush()
        for rows in chunks(experiments, dataset.id, cases):
            session.execute(insert(Experiment), rows)
    container = Container(write, read_factory(engine), MemoryStore(), MemoryCoordinator())
    return container, keys


def chunks(experiments: int, dataset: str, cases: int) -> Iterator[list[dict[str, Any]]]:
    ids = [f"BraTS2021_{number:05d}" for number in range(cases)]
    alphas = [f"{step / 10:g}" for step in range(11)]
    spec = {"alphas": alphas, "train": ids, "validation": [], "test": ids[:300], "seen": []}
    row = {"dataset_id": dataset, "spec": spec, "alphas": alphas, "owner": 2}
    row |= {"state": RunState.SUCCEEDED, "planned": True, "name": "sweep"}
    for start in range(0, experiments, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, experiments - start)
        yield [{**row, "id": new_id()} for _ in range(count)]


async def ask(app: FastAPI, keys: Sequence[str], requests: int) -> list[list[float]]:
    """Time the first page of each client, in turn, after ten that do not count."""
    taken_ms: list[list[float]] = [[] for _ in keys]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        for number in range(10 + requests):
            for client, key in enumerate(keys):
                started = time.perf_counter()
                answer = await http.get("/experiments", headers={"Authorization": f"Bearer {key}"})
                answer.raise_for_status()
                if number >= 10:
                    taken_ms[client].append(1000 * (time.perf_counter() - started))
    return taken_ms


if __name__ == "__main__":
    main()
