from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_generator.settings import count_processes


def test_a_worker_beside_a_gpu_has_two_processes_and_one_without_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert count_processes(tmp_path) == 1

    (tmp_path / "nvidia0").touch()

    assert count_processes(tmp_path) == 2
