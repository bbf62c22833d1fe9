"""`POST /trust-score` under load, beside a bare FastAPI route that only validates the same body.

Both run as uvicorn processes of their own and are asked in turns over kept connections, each
request with another body of 251 cases and 3 regions at B = 2000. The gateway's side is the whole
of it: middleware, API key from a SQLite file, parsing, scoring, answer. Reported are the medians
and 99th percentiles and their ratios. Bound to hold on two quiet cores: p50 at most 3 times and
p99 at most 4 times the bare route's.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.log import configure
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.db.sqlite import keep_write_ahead_log
from syntrust_gateway.db.tables import Base, Role
from syntrust_gateway.trust_score.service import ScorerPool

CASES, RESAMPLES, BODIES = 251, 2000, 40
REGIONS = ("ET", "ED", "NCR")
ROUNDS, REQUESTS, CONNECTIONS, WARM_UP = 6, 200, 4, 60
P50_BOUND, P99_BOUND = 3.0, 4.0
PATHS = {"bare": "/bare", "gateway": "/trust-score"}

Dice = Annotated[float, Field(ge=0, le=1)] | None


class Case(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    real: dict[str, Dice]
    synthetic: dict[str, Dice]
    group: str | None = None
    seed: int = 0


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cases: list[Case]
    policy: dict[str, Any] | None = None


def bare_app() -> FastAPI:
    app = FastAPI()

    @app.post("/bare")
    async def bare(body: Body) -> dict[str, int]:
        return {"cases": len(body.cases)}

    return app


def gateway_app(folder: Path) -> FastAPI:
    engine = make_engine(f"sqlite:///{folder}/gateway.sqlite")
    keep_write_ahead_log(engine)
    Base.metadata.create_all(engine)
    container = Container(
        write=session_factory(engine),
        read=read_factory(engine),
        store=MemoryStore(),
        coordinator=MemoryCoordinator(),
    )
    with container.write.begin() as session:
        (folder / "key").write_text(create_client(session, "load", Role.USER))
    scorers = ScorerPool()
    scorers.start()
    return create_app(container, scorers)


def serve(side: str, folder: Path, port: int) -> None:
    configure("json")
    app = bare_app() if side == "bare" else gateway_app(folder)
    gc.freeze()
    uvicorn.run(app, port=port, log_config=None, access_log=False, server_header=False)


@contextmanager
def server(side: str, folder: Path) -> Iterator[int]:
    """A server in a process of its own, given back when the port answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, __file__, "--serve", side, str(folder), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def bodies() -> list[bytes]:
    rng = np.random.default_rng(0)
    return [json.dumps(body(rng)).encode() for _ in range(BODIES)]


def body(rng: np.random.Generator) -> dict[str, Any]:
    real = rng.beta(5, 2, (CASES, len(REGIONS)))
    synthetic = np.clip(real + rng.normal(0, 0.05, real.shape), 0, 1)
    return {
        "cases": [
            {
                "id": f"case-{i:04d}",
                "real": dict(zip(REGIONS, real[i].tolist(), strict=True)),
                "synthetic": dict(zip(REGIONS, synthetic[i].tolist(), strict=True)),
            }
            for i in range(CASES)
        ],
        "policy": {"resamples": RESAMPLES},
    }


def request(side: str, key: str, content: bytes) -> bytes:
    head = (
        f"POST {PATHS[side]} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def ask(sender: socket.socket, answers: BinaryIO, message: bytes) -> float:
    """Seconds from the first byte sent to the last byte read."""
    start = time.perf_counter()
    sender.sendall(message)
    length, status = 0, answers.readline()
    assert status.startswith(b"HTTP/1.1 200"), status
    while (line := answers.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    assert len(answers.read(length)) == length
    return time.perf_counter() - start


def load(port: int, messages: list[bytes], requests: int, connections: int) -> list[float]:
    """Latencies of `requests` over `connections` that each wait for their answer.

    Threads that block cost half of an event loop, and the servers lack what the load takes.
    """

    def one(number: int) -> list[float]:
        with (
            socket.create_connection(("127.0.0.1", port)) as sender,
            sender.makefile("rb") as answers,
        ):
            chosen = (messages[i % len(messages)] for i in range(number, requests, connections))
            return [ask(sender, answers, message) for message in chosen]

    with ThreadPoolExecutor(connections) as threads:
        return [seconds for each in threads.map(one, range(connections)) for seconds in each]


def measure(folder: Path, connections: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {side: [] for side in PATHS}
    with server("bare", folder) as bare, server("gateway", folder) as gateway:
        ports = {"bare": bare, "gateway": gateway}
        contents, key = bodies(), (folder / "key").read_text()
        messages = {side: [request(side, key, each) for each in contents] for side in PATHS}
        for side in PATHS:
            load(ports[side], messages[side], WARM_UP, connections)
        for _ in range(ROUNDS):
            for side in PATHS:
                found[side] += load(ports[side], messages[side], REQUESTS, connections)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=3, metavar=("SIDE", "FOLDER", "PORT"))
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    given = parser.parse_args()
    if given.serve:
        side, folder, port = given.serve
        serve(side, Path(folder), int(port))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), given.connections)
    how = f"{given.connections} connections, {os.cpu_count()} cores"
    print(f"{ROUNDS * REQUESTS} requests each, {how}")
    percentiles = {side: np.percentile(times, [50, 99]) * 1e3 for side, times in found.items()}
    for side, (p50, p99) in percentiles.items():
        print(f"  {side:8s} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    ratios = percentiles["gateway"] / percentiles["bare"]
    print(f"  ratio    p50 {ratios[0]:6.2f}      p99 {ratios[1]:6.2f}")
    print(f"  bound    p50 {P50_BOUND:6.2f}      p99 {P99_BOUND:6.2f}")
    if (ratios > (P50_BOUND, P99_BOUND)).any():
        sys.exit("slower than the bound")


if __name__ == "__main__":
    main()
