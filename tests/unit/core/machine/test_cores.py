from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_core.machine.cores import BYTES_PER_PROCESS, sees_gpu, share_cores

PLENTY = 64 * BYTES_PER_PROCESS


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def gpus(tmp_path: Path) -> Path:
    for name in ("nvidia0", "nvidiactl", "null"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("cores", "shared"), [(1, (1, 1)), (2, (2, 1)), (4, (4, 1)), (8, (4, 2)), (64, (4, 8))]
)
def test_steps_beside_one_another_come_before_threads(cores: int, shared: tuple[int, int]) -> None:
    assert share_cores(cores, PLENTY) == shared


def test_little_memory_leaves_the_cores_to_the_threads_of_one_step() -> None:
    assert share_cores(4, BYTES_PER_PROCESS) == (1, 4)
    assert share_cores(4, 0) == (1, 4)


def test_what_an_operator_has_set_stays() -> None:
    assert share_cores(8, PLENTY, threads=4) == (2, 4)
    assert share_cores(8, PLENTY, threads=16) == (1, 16)
    assert share_cores(8, PLENTY, processes=1) == (1, 8)
    assert share_cores(2, 0, processes=3, threads=5) == (3, 5)


def test_a_gpu_is_seen_by_its_device_file(gpus: Path) -> None:
    assert sees_gpu(gpus)
    (gpus / "nvidia0").unlink()
    assert not sees_gpu(gpus)


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_gpu_that_is_hidden_counts_as_none(
    hidden: str, gpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    assert not sees_gpu(gpus)
