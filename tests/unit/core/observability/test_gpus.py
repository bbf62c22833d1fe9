from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_core.observability import gpus
from syntrust_core.observability.gpus import Gpu, parse_gpus, read_gpus, write_gpus


def fake_tool(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put an `nvidia-smi` on the PATH, and nothing else."""
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(folder))


def test_each_gpu_is_read_and_one_that_tells_nothing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool(tmp_path, monkeypatch, "echo '0, 37, 1024, 143771'; echo '1, [N/A], [N/A], 143771'")
    (gpu,) = read_gpus()
    assert gpu.utilisation == 0.37
    assert (gpu.index, gpu.memory_used_bytes >> 20, gpu.memory_total_bytes >> 20) == (
        0,
        1024,
        143771,
    )


def test_the_tool_is_asked_for_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked')
    assert read_gpus() == []
    asked = (
        "--query-gpu=index,utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits"
    )
    assert (tmp_path / "asked").read_text().strip() == asked


@pytest.mark.parametrize("script", ["exit 9", "kill -9 $$", "echo 'No devices were found'"])
def test_a_tool_that_fails_gives_no_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake_tool(tmp_path, monkeypatch, script)
    assert read_gpus() == []


def test_a_silent_tool_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "PATIENCE_S", 0.05)
    fake_tool(tmp_path, monkeypatch, "while :; do :; done")
    assert read_gpus() == []


def test_without_the_tool_there_are_no_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_gpus() == []


def test_what_another_release_has_written_is_no_gpu() -> None:
    gpu = Gpu(index=0, utilisation=0.5, memory_used_bytes=1, memory_total_bytes=2)
    assert parse_gpus(write_gpus([gpu])) == [gpu]
    assert parse_gpus(b'[{"power": 7}]') == []
