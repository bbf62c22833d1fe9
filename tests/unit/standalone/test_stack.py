"""How the programs of a standalone stack are started."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from syntrust_standalone import stack as programs
from syntrust_standalone.data_folder import Credentials, DataFolder, Ports
from syntrust_standalone.servers import WeedPorts
from syntrust_standalone.stack import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    ports = Ports(gateway=8123, redis=1, postgres=2, weed=WeedPorts(3, 4, 5, 6, 7))
    return Stack(DataFolder(tmp_path), Credentials.new(), ports)


def test_the_page_may_use_the_store_by_either_name_of_this_machine(stack: Stack) -> None:
    _, gateway = stack.gateway()

    origins = json.loads(gateway.env["SYNTRUST_STORAGE__BROWSER_ORIGINS"])

    assert origins == ["http://127.0.0.1:8123", "http://localhost:8123"]


def test_no_other_program_learns_who_may_sign_in(stack: Stack) -> None:
    for worker in stack.workers():
        assert not [name for name in worker.env if name.startswith("SYNTRUST_GATEWAY")]


@pytest.mark.parametrize("gpu", ["a GPU", ""])
def test_only_without_a_gpu_a_worker_is_told_how_many_steps_it_computes_at_once(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, gpu: str
) -> None:
    monkeypatch.setattr(programs, "sees_gpu", lambda: bool(gpu))

    for worker in stack.workers():
        assert ("SYNTRUST_WORKER__PROCESSES" in worker.env) == (not gpu)
        assert worker.env["SYNTRUST_WORKER__THREADS"] == worker.env["OMP_NUM_THREADS"]


ROOT = Path(__file__).parents[3]
ALLOCATOR = re.compile(r"\b((?:MALLOC|GLIBC)_\w+)=(\S+)")


@pytest.mark.parametrize(
    "file",
    [
        "services/generator/Dockerfile",
        "services/segmenter/Dockerfile",
        "services/metrics/Dockerfile",
        "slurm/worker.sh",
    ],
)
def test_a_worker_allocates_memory_alike_wherever_it_is_installed(stack: Stack, file: str) -> None:
    worker = next(iter(stack.workers()))

    here = {name: value for name, value in worker.env.items() if ALLOCATOR.match(f"{name}=0")}

    assert dict(ALLOCATOR.findall((ROOT / file).read_text())) == here
    assert "GLIBC_TUNABLES" in here
