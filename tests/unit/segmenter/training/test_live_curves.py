"""What a training shows of itself while it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.segmenter.tiny_training import read_history, train_tiny

from syntrust_core.observability.training_curves import (
    MOST_BYTES,
    MOST_POINTS,
    TrainingCurves,
    make_curves,
)
from syntrust_segmenter.models.store import load_model
from syntrust_segmenter.preprocessing.image_entry import ImageEntry
from syntrust_segmenter.training import live_curves
from syntrust_segmenter.training.live_curves import LiveCurves
from syntrust_segmenter.training_history import History, ValidationDice

REGIONS = ("ET", "ED", "NCR")


def read(path: Path) -> TrainingCurves:
    return TrainingCurves.model_validate_json(path.read_bytes())


@pytest.mark.slow
def test_a_training_shows_its_loss_and_its_validation_dice_so_far(
    cases: list[ImageEntry],
    case_folders: list[Path],
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_curves, "SHOW_EVERY_S", 0.0)
    monkeypatch.setattr(live_curves, "LEAST_PAUSE", 0.0)
    shown: list[TrainingCurves] = []
    held_out = [ImageEntry("c", case_folders[2])]

    card = train_tiny(
        cases,
        tmp_path / "watched",
        validation=held_out,
        show=lambda path: shown.append(read(path)),
    )

    unwatched = train_tiny(cases, tmp_path / "unwatched", validation=held_out)
    assert [each.iterations for each in shown] == [1, 2]
    assert [each.loss for each in shown][-1] == read_history(tmp_path / "watched").loss
    (point,) = shown[-1].validation
    assert (point.iteration, point.image) == (2, "real")
    assert set(point.dice) >= set(REGIONS)
    assert shown[0].validation == []
    assert card == unwatched
    names = {path.name for path in (tmp_path / "watched").iterdir()}
    assert names == {path.name for path in trained.iterdir()}
    assert load_model(tmp_path / "watched").card == card


def test_it_is_shown_by_the_clock_and_not_by_iterations(tmp_path: Path) -> None:
    # Made at 100 s; each look reads the clock, and each showing does once more.
    clock_s = iter((100.0, 100.0, 100.0, 101.0, 109.9, 110.0, 110.0, 111.0))
    shown: list[Path] = []
    live, history = LiveCurves(tmp_path, shown.append, lambda: next(clock_s)), History()

    for _ in range(5):
        history.loss.append(1.0)
        history.learning_rate.append(0.1)
        live.show_if_due(history)

    assert len(shown) == 2
    assert read(shown[-1]).iterations == 4


def test_curves_of_the_longest_training_are_bounded() -> None:
    dice = dict.fromkeys((*REGIONS, "TC", "WT"), 1 / 3)
    validation = [
        {"iteration": 1000 * at, "case": "c" * 64, "image": image, "dice": dice}
        for at in range(100)
        for _ in range(20)
        for image in ("real", "twin")
    ]
    long = {"loss": [1 / 3] * 100_000, "learning_rate": [1 / 3e5] * 100_000}

    told = {"validation": validation, "samples": 200_000, "seconds": 1e6 / 3}
    curves = make_curves(long | told)

    assert len(curves.loss) == MOST_POINTS
    assert (curves.iteration[0], curves.iteration[-1]) == (1, 100_000)
    assert len(curves.validation) == 200
    assert len(curves.model_dump_json()) < MOST_BYTES / 4


def test_a_region_that_no_case_has_is_null_and_counts_nowhere() -> None:
    def entry(case: str, value: float | None) -> dict[str, object]:
        dice = ValidationDice(iteration=1, case=case, image="real", dice={"ET": value, "ED": None})
        return dice.model_dump(mode="json")

    entries = [entry("a", 0.5), entry("b", None), entry("c", 0.7)]
    curves = make_curves({"loss": [1.0], "learning_rate": [0.1], "validation": entries})

    assert curves.validation[0].dice == {"ET": pytest.approx(0.6, abs=1e-12), "ED": None}
