"""The precision of a data folder outlives its processes, and another answer of the benchmark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Platform, register, until
from tests.e2e.test_experiment import SMALLEST, WAIT_S
from tests.pinned import PINNED

from syntrust_core.contracts.base import Queue
from syntrust_core.precision.tuning import Timing, Tuning
from syntrust_standalone.data_folder import DataFolder
from syntrust_standalone.precision.choices import SETTINGS, keep, read_choices

# A processor has no TF32, so that no measurement here advises it: the stored choice is another.
STORED = {Queue.GENERATOR: ("fp32", "tf32"), Queue.SEGMENTER: ("float32", "bfloat16")}


@pytest.fixture
def unpinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts take their precision from the folder; a worker computes two steps at once."""
    monkeypatch.setitem(PINNED, "SYNTRUST_WORKER__PROCESSES", "2")  # a dict, for readers
    for setting in SETTINGS.values():
        monkeypatch.setitem(PINNED, setting, "")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.root.mkdir()
    for queue, (reference, chosen) in STORED.items():
        timing = Timing(work="a step", seconds={reference: 1.0, chosen: 0.5}, rounds=2)
        setting = SETTINGS[queue]
        keep(
            folder,
            queue,
            Tuning(setting=setting, precision=chosen, timings=(timing,), threads=1, device="cpu"),
        )
    return folder


@pytest.fixture
def own_platform(unpinned: None, folder: DataFolder) -> Iterator[Platform]:
    platform = Platform(folder.root)
    yield platform
    platform.kill(signal.SIGTERM)


def conduct(platform: Platform, dataset: str, *, killing: bool) -> dict[str, Any]:
    """Run an experiment, its generator's worker killed on the way; spec and digest."""
    with platform.client() as client:
        asked = client.experiments.create(dataset, [0], **SMALLEST)["id"]
        if killing:
            until(lambda: bool(client.experiments.get(asked)["running"]))
            for worker in platform.pids("syntrust_generator.worker"):
                os.kill(worker, signal.SIGKILL)
        spec = client.experiments.wait(asked, timeout_s=WAIT_S)["spec"]
        return {"spec": spec, "digest": client.experiments.results(asked)["digest"]}


def test_the_digest_is_equal_after_a_killed_worker_and_a_tune_with_another_answer(
    own_platform: Platform, folder: DataFolder, cohort: Path
) -> None:
    dataset = register(own_platform, cohort)
    before = folder.precision_file.read_bytes()
    first = conduct(own_platform, dataset, killing=True)
    own_platform.kill(signal.SIGTERM)

    command = [sys.executable, "-m", "syntrust_standalone", "tune", "--data", str(folder.root)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr

    assert "keeps tf32; --keep would make it" in told
    assert folder.precision_file.read_bytes() == before
    own_platform.restart()
    again = conduct(own_platform, dataset, killing=False)
    assert again == first
    assert first["spec"]["generator"]["precision"] == "tf32"
    assert first["spec"]["segmenter"]["overrides"] == {"precision": "bfloat16"}


def test_a_first_start_measures_and_keeps_what_a_second_one_takes(
    unpinned: None, tmp_path: Path
) -> None:
    folder = DataFolder(tmp_path / "data")
    platform = Platform(folder.root)
    kept = folder.precision_file.read_bytes()
    platform.kill(signal.SIGTERM)
    measured = read_choices(folder)
    logs = {queue: folder.log_file(f"tune-{queue}").read_bytes() for queue in SETTINGS}

    platform.restart()
    platform.kill(signal.SIGTERM)

    assert folder.precision_file.read_bytes() == kept
    assert {queue: folder.log_file(f"tune-{queue}").read_bytes() for queue in SETTINGS} == logs
    for queue, setting in SETTINGS.items():
        choice = measured.of(queue)
        assert choice is not None
        assert (choice.setting, choice.threads) == (setting, 1)
        assert choice.timings, json.dumps(choice.model_dump())
