"""`syntrust-segmenter tune` on a network that is small enough for a test."""

from __future__ import annotations

import json

import pytest
import torch
from tests.unit.segmenter.tiny_training import SMALLEST

from syntrust_core.precision.tuning import SHARE, Limits
from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.cli import main
from syntrust_segmenter.tune import PRECISIONS, SETTING, tune_segmenter


def test_a_training_iteration_is_measured_in_each_precision_and_the_rule_decides() -> None:
    config = configure("tiny", SMALLEST)

    found = tune_segmenter(
        config, threads=1, device=torch.device("cpu"), limits=Limits(rounds=1, seconds=0)
    )

    timing = found.timings[-1]
    assert tuple(timing.seconds) == PRECISIONS
    assert timing.work.startswith("one training iteration of tiny at 2 x 32x32x32")
    assert found.precision == ("bfloat16" if timing.ratio("bfloat16") <= SHARE else "float32")


@pytest.mark.slow
def test_the_command_takes_the_threads_of_the_worker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTRUST_WORKER__THREADS", "1")

    main(["tune", "--rounds", "1", "--device", "cpu", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert (told["setting"], told["threads"]) == (SETTING, 1)
    assert told["precision"] in PRECISIONS
