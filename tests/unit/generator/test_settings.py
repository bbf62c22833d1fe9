from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from syntrust_generator.settings import GeneratorOptions, count_processes


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def gpus(tmp_path: Path) -> Path:
    for name in ("nvidia0", "nvidiactl", "null"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_worker_beside_a_gpu_has_two_processes(gpus: Path) -> None:
    assert count_processes(GeneratorOptions(), gpus) == 2


def test_a_worker_without_a_gpu_has_one_process(gpus: Path) -> None:
    (gpus / "nvidia0").unlink()

    assert count_processes(GeneratorOptions(), gpus) == 1


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_gpu_that_is_hidden_counts_as_none(
    hidden: str, gpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    assert count_processes(GeneratorOptions(), gpus) == 1


def test_an_operator_may_set_the_number(gpus: Path) -> None:
    assert count_processes(GeneratorOptions(processes=3), gpus) == 3


def test_no_process_is_too_few() -> None:
    with pytest.raises(ValidationError, match="processes"):
        GeneratorOptions(processes=0)
