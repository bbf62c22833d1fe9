"""`GET /experiments` where there are 10,000, beside an empty list's answer in the same run.

The application answers in this process, with its middleware, its key and a SQLite file; each
experiment has a split of 1,251 cases in its spec. Requests to both alternate. Bound: the 99th
percentile is at most 3 times the empty list's.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import anyio
import httpx
from fastapi import FastAPI

from syntrust_core.log import configure
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import (
    Sessions,
    insert_new,
    make_engine,
    read_factory,
    session_factory,
)
from syntrust_gateway.db.tables import Dataset, Experiment, Role, RunState, new_id
from syntrust_gateway.trust_score.service import ScorerPool

EXPERIMENTS, CASES, REQUESTS, BOUND = 10_000, 1251, 400, 3.0


def fill(sessions: Sessions, owner: int) -> None:
    """Add experiments as they are accepted."""
    cases = [f"BraTS2021_{number:05d}" for number in range(CASES)]
    spec = {"alphas": ["0", "0.5", "1"], "seeds": [0], "train": cases[:1000], "test": cases[1000:]}
    rows = (
        {
            "id": new_id(),
            "dataset_id": "d",
            "spec": spec,
            "owner": owner,
            "state": RunState.SUCCEEDED,
            "planned": True,
        }
        for _ in range(EXPERIMENTS)
    )
    with sessions.begin() as session:
        session.add(Dataset(id="d", name="d", grid="native", scheme="auto", owner=owner))
        insert_new(session, Experiment, rows)


async def ask(app: FastAPI, keys: list[str]) -> list[list[float]]:
    """Ask with each key in turn; the seconds of each."""
    took: list[list[float]] = [[] for _ in keys]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://g") as client:
        for _ in range(REQUESTS):
            for seconds, key in zip(took, keys, strict=True):
                began = time.perf_counter()
                answer = await client.get(
                    "/experiments", headers={"Authorization": f"Bearer {key}"}
                )
                seconds.append(time.perf_counter() - began)
                assert answer.status_code == 200
    return took


def main() -> None:
    configure(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'db.sqlite'}"
        migrate(url)
        engine = make_engine(url)
        write = session_factory(engine)
        with write.begin() as session:
            full = create_client(session, "full", Role.USER)
            empty = create_client(session, "empty", Role.USER)
        fill(write, 1)
        container = Container(write, read_factory(engine), MemoryStore(), MemoryCoordinator())
        app = create_app(container, ScorerPool())
        anyio.run(ask, app, [full, empty])
        full_s, empty_s = anyio.run(ask, app, [full, empty])
        p99_full, p99_empty = quantiles(full_s, n=100)[-1], quantiles(empty_s, n=100)[-1]
        print(
            f"{EXPERIMENTS} experiments: p50 {1000 * median(full_s):.1f} ms, "
            f"p99 {1000 * p99_full:.1f} ms; none: p50 {1000 * median(empty_s):.1f} ms, "
            f"p99 {1000 * p99_empty:.1f} ms; ratio of p99 {p99_full / p99_empty:.2f}"
        )
        engine.dispose()
        sys.exit(p99_full > BOUND * p99_empty)


if __name__ == "__main__":
    main()
