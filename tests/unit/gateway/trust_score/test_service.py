"""Scoring processes: one that dies is replaced, and none outlives the API."""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import closing
from typing import Any

import anyio
import pytest

from syntrust_core.errors import InvalidRequest, Unavailable
from syntrust_gateway.trust_score import service as pool
from syntrust_gateway.trust_score.pipe import JSON
from syntrust_gateway.trust_score.service import SCORINGS_AT_ONCE, Reply, ScorerPool

pytestmark = pytest.mark.numeric

BODY = b'{"cases": [{"id": "a", "real": {"ET": 0.9}, "synthetic": {"ET": 0.8}}]}'
PATIENCE_S = 120

PARENT = f"""
import asyncio, os, signal
from syntrust_gateway.trust_score import service as pool
from syntrust_gateway.trust_score.service import SCORINGS_AT_ONCE, Reply, ScorerPool

scorers = ScorerPool()
scorers.start()
asyncio.run(scorers.score({BODY!r}, "application/json", None))
print(*(process.pid for process in scorers._idle), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def score(scorers: ScorerPool, body: bytes = BODY) -> bytes:
    return anyio.run(scorers.score, body, JSON, None).content


def test_a_scoring_process_that_died_is_replaced() -> None:
    with closing(ScorerPool()) as scorers:
        first = score(scorers)
        for process in scorers._idle:
            process.kill()
            process.wait()

        second = score(scorers)

    assert second == first


def test_a_scoring_process_that_dies_again_and_again_is_a_matter_of_waiting() -> None:
    class Dying(ScorerPool):
        """Every process it has is ended before it is asked."""

        def _ask(self, body: bytes, head: dict[str, Any]) -> Reply:
            for process in (pool._start() for _ in range(SCORINGS_AT_ONCE)):
                process.kill()
                process.wait()
                self._idle.append(process)
            return super()._ask(body, head)

    with closing(Dying()) as scorers, pytest.raises(Unavailable):
        score(scorers)


def test_a_refusal_comes_back_with_its_pointer(scorers: ScorerPool) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        score(scorers, b'{"cases": []}')

    assert refusal.value.pointer == "/cases"


def test_scoring_processes_load_nothing_of_the_api() -> None:
    heavy = "{'fastapi', 'sqlalchemy', 'minio', 'redis', 'torch', 'pydantic'}"
    code = f"import sys, syntrust_gateway.trust_score.scorer; print({heavy} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"


def test_scoring_processes_end_with_a_parent_that_was_killed() -> None:
    command = [sys.executable, "-c", PARENT]

    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == -signal.SIGKILL, run.stderr
    assert len(run.stdout.split()) == SCORINGS_AT_ONCE
    for pid in map(int, run.stdout.split()):
        assert ended(pid)


def ended(pid: int) -> bool:
    """Whether a process that is no child of ours ends within our patience."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([handle], [], [], PATIENCE_S)
    finally:
        os.close(handle)
    return bool(ready)


def test_a_scoring_holds_a_digest_that_no_thread_count_moves(scorers: ScorerPool) -> None:
    cases = [
        {"id": str(i), "real": {"ET": 0.5 + i / 100}, "synthetic": {"ET": 0.5 + i / 101}}
        for i in range(40)
    ]
    body = json.dumps({"cases": cases}).encode()

    digests = {json.loads(score(scorers, body))["digest"] for _ in range(4)}

    assert len(digests) == 1
