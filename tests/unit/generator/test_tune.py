"""`syntrust-generator tune` on networks that are small enough for a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.unit.generator.tiny_generator import CONFIG, random_generator

from syntrust_core.precision.tuning import Limits
from syntrust_generator.checkpoints.store import Generator, save_model
from syntrust_generator.cli import main
from syntrust_generator.model_card import Domain
from syntrust_generator.tune import SETTING, tune_generator

CPU = torch.device("cpu")
QUICK = Limits(rounds=1, seconds=0)
DOMAIN = Domain(shape=(16, 16, 16), spacing_mm=(1, 1, 1), view="brain", intensity="brain-z")


@pytest.fixture
def generator() -> Generator:
    return random_generator(DOMAIN)


def works(generator: Generator, edge: int | None = None) -> Iterator[str]:
    found = tune_generator(generator, threads=1, device=CPU, edge=edge, limits=QUICK)
    assert (found.setting, found.threads, found.device) == (SETTING, 1, "cpu")
    assert found.precision in {"fp32", "bf16"}
    return (timing.work for timing in found.timings)


def test_a_denoising_step_is_measured_on_the_box_of_a_brain(generator: Generator) -> None:
    assert "at 12x12x12" in next(works(generator))
    assert "at 24x24x24" in next(works(generator, edge=32))


def test_a_training_is_measured_where_the_card_says_how_it_was_trained(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syntrust_core.precision.tuning.SHARE", 1e9)
    monkeypatch.setattr("syntrust_core.precision.tuning.HOPELESS", 1e9)
    trained = generator.card.model_copy(update={"recipe": CONFIG.recipe})

    assert len(list(works(replace(generator, card=trained)))) == 2
    assert len(list(works(generator))) == 1


def test_the_line_of_an_env_file_is_all_that_is_printed(
    generator: Generator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_model(generator.network.state_dict(), generator.card, tmp_path)
    options = (
        "--model",
        str(tmp_path),
        "--rounds",
        "1",
        "--device",
        "cpu",
        "--threads",
        "1",
        "--env",
    )
    monkeypatch.setattr(sys, "argv", ["syntrust-generator", "tune", *options])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert capsys.readouterr().out in {f"{SETTING}=fp32\n", f"{SETTING}=bf16\n"}
