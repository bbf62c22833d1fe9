"""Scoring processes: one that dies is replaced, and none outlives the API."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.scorers import Scorers
from syntrust_gateway.scores import JSON

BODY = b'{"cases": [{"id": "a", "real": {"ET": 0.9}, "synthetic": {"ET": 0.8}}]}'
PATIENCE_S = 30

PARENT = f"""
import asyncio, os, signal
from syntrust_gateway.scorers import Scorers

if __name__ == "__main__":
    scorers = Scorers()
    asyncio.run(scorers.score({BODY!r}, "application/json", None))
    print(*scorers.start()._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def score(scorers: Scorers, body: bytes = BODY) -> bytes:
    return anyio.run(scorers.score, body, JSON, None).content


def test_a_scoring_process_that_died_is_replaced() -> None:
    scorers = Scorers()
    first = score(scorers)
    for pid in list(scorers.start()._processes):
        os.kill(pid, signal.SIGKILL)

    second = score(scorers)

    assert second == first


def test_a_refusal_comes_back_with_its_pointer(scorers: Scorers) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        score(scorers, b'{"cases": []}')

    assert refusal.value.pointer == "/cases"


def test_scoring_processes_load_nothing_of_the_api() -> None:
    heavy = "{'fastapi', 'sqlalchemy', 'minio', 'redis', 'torch', 'pydantic'}"
    code = f"import sys, syntrust_gateway.scores; print({heavy} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"


def test_scoring_processes_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"  # a fork server reads its parent's file again
    script.write_text(PARENT, encoding="utf-8")

    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert run.returncode == -signal.SIGKILL, run.stderr
    assert run.stdout.split()
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


def test_a_scoring_holds_a_digest_that_no_thread_count_moves(scorers: Scorers) -> None:
    cases = [
        {"id": str(i), "real": {"ET": 0.5 + i / 100}, "synthetic": {"ET": 0.5 + i / 101}}
        for i in range(40)
    ]
    body = json.dumps({"cases": cases}).encode()

    digests = {json.loads(score(scorers, body))["digest"] for _ in range(4)}

    assert len(digests) == 1
