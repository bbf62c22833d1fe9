from __future__ import annotations

import multiprocessing
import random
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.unit.segmenter.tiny_training import (
    CheckpointFile,
    KillingProgress,
    Progress,
    read_history,
    train_tiny,
    with_twin,
)

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import Cancelled, InvalidRequest, Stopping
from syntrust_segmenter.compute import ComputeConfig
from syntrust_segmenter.model_card import ModelCard
from syntrust_segmenter.models.store import load_model
from syntrust_segmenter.preprocessing.image_entry import ImageEntry

REGIONS = ("_ET", "_ED", "_NCR")


def test_equal_trainings_end_with_equal_weights(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    again = train_tiny(cases, tmp_path / "again")

    assert again == load_model(trained).card


def test_another_seed_ends_with_other_weights(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    other = train_tiny(cases, tmp_path / "other", seed=1)

    assert other.weights_digest != load_model(trained).card.weights_digest


def test_a_training_whose_worker_ends_keeps_what_it_has_reached(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    kept, seldom = CheckpointFile(tmp_path / "checkpoint"), ComputeConfig(threads=1, device="cpu")
    stopped = Progress(stop_at=1, error=Stopping)
    with pytest.raises(Stopping):
        train_tiny(cases, tmp_path / "first", progress=stopped, kept=kept, compute=seldom)
    second = Progress()

    resumed = train_tiny(cases, tmp_path / "second", progress=second, kept=kept)

    assert second.done == [2]
    assert resumed == load_model(trained).card


def test_a_stopped_training_goes_on_where_it_was(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    kept = CheckpointFile(tmp_path / "checkpoint")
    with pytest.raises(Cancelled):
        train_tiny(cases, tmp_path / "first", progress=Progress(stop_at=1), kept=kept)
    second = Progress()

    resumed = train_tiny(cases, tmp_path / "second", progress=second, kept=kept)

    assert second.done == [2]
    assert resumed == load_model(trained).card
    assert read_history(tmp_path / "second").loss == read_history(trained).loss


def test_a_training_goes_on_in_the_precision_of_its_request_and_no_other_ones_checkpoint(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    kept = CheckpointFile(tmp_path / "checkpoint", until=1)
    cards: list[ModelCard] = []
    progress = [Progress(), Progress(), Progress()]

    for precision, told in zip(("bfloat16", "float32", "bfloat16"), progress, strict=True):
        out, asked = tmp_path / f"{len(cards)}", {"precision": precision, "validations": 0}
        cards.append(train_tiny(cases, out, overrides=asked, kept=kept, progress=told))

    assert [each.done for each in progress] == [[1, 2], [1, 2], [2]]
    assert [card.precision for card in cards] == ["bfloat16", "float32", "bfloat16"]
    assert cards[2] == cards[0]


@pytest.mark.slow
@pytest.mark.parametrize("ema", [0.0, 0.9], ids=["last weights", "averaged weights"])
def test_a_training_killed_at_a_random_iteration_ends_with_the_same_weights(
    cases: list[ImageEntry], tmp_path: Path, ema: float
) -> None:
    config = {"ema": ema, "validations": 0}
    undisturbed = train_tiny(cases, tmp_path / "whole", iterations=3, overrides=config)
    # The checkpoint is older than the last iteration, as it is kept by time.
    saved, killed = sorted(random.sample(range(1, 4), 2))
    kept = CheckpointFile(tmp_path / "checkpoint", until=saved)
    child = multiprocessing.get_context("fork").Process(
        target=train_tiny,
        args=(cases, tmp_path / "first"),
        kwargs={
            "iterations": 3,
            "overrides": config,
            "kept": kept,
            "progress": KillingProgress(killed),
        },
    )
    child.start()
    child.join()
    second = Progress()

    resumed = train_tiny(
        cases, tmp_path / "second", iterations=3, overrides=config, kept=kept, progress=second
    )

    assert child.exitcode == -signal.SIGKILL
    assert second.done == list(range(saved + 1, 4)), (saved, killed)
    assert resumed == undisturbed, (saved, killed)


def test_averaged_weights_follow_the_last_ones_at_a_distance(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    train_tiny(cases, tmp_path / "averaged", overrides={"ema": 0.75})

    name = "out.conv.conv.bias"
    averaged, last = (
        load_model(folder).network.state_dict()[name] for folder in (tmp_path / "averaged", trained)
    )
    assert not torch.equal(averaged, last)
    assert read_history(tmp_path / "averaged").loss == read_history(trained).loss


def test_a_training_goes_on_from_a_trained_segmenter(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    card = train_tiny(cases, tmp_path / "next", seed=1, iterations=1, start=trained)

    assert card.start is not None
    assert card.start.weights_digest == load_model(trained).card.weights_digest
    assert card.start.fresh == ()
    assert read_history(tmp_path / "next").loss[0] < read_history(trained).loss[0]


def test_a_case_is_prepared_once_for_all_trainings(cases: list[ImageEntry], tmp_path: Path) -> None:
    for seed in (0, 1):
        train_tiny(cases, tmp_path / str(seed), seed=seed, iterations=1)
        folders = {path: path.stat().st_ino for path in (tmp_path / "prepared").iterdir()}
        if seed == 0:
            first = folders

    assert folders == first
    assert len(first) == 2


def test_the_regions_head_learns_too(cases: list[ImageEntry], tmp_path: Path) -> None:
    card = train_tiny(cases, tmp_path / "regions", iterations=3, overrides={"head": "regions"})

    loss = read_history(tmp_path / "regions").loss
    assert card.config.head == "regions"
    assert loss[-1] < loss[0]


def test_an_image_is_named_by_what_is_in_it(cases: list[ImageEntry], tmp_path: Path) -> None:
    copy = ImageEntry("copy", Path(shutil.copytree(cases[0].folder, tmp_path / "copy")))

    contents = [entry.content_digest() for entry in (cases[0], copy, with_twin(cases[0]), cases[1])]

    assert contents[0] == contents[1]
    assert len(set(contents)) == 3


def test_the_model_card_tells_people_what_the_model_is(
    cases: list[ImageEntry], case_folders: list[Path], tmp_path: Path
) -> None:
    held_out = ImageEntry("c", case_folders[2])
    card = train_tiny([cases[0], with_twin(cases[1])], tmp_path / "model", validation=[held_out])

    text = (tmp_path / "model" / "MODEL_CARD.md").read_text("utf-8")

    assert "research only" in text
    assert "1 real images, 1 twins" in text
    assert card.weights_digest in text
    assert f"torch {torch.__version__.split('+')[0]}" in text
    assert re.search(r"\| real \| 1 \|( [01]\.\d{3} \|){5}", text)


def test_twins_are_trained_on_in_place_of_the_real_images(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    twins = train_tiny([with_twin(case) for case in cases], tmp_path / "twins", iterations=1)

    assert twins.training_images == ("a (twin)", "b (twin)")
    assert read_history(tmp_path / "twins").loss[0] != read_history(trained).loss[0]


def test_validation_scores_real_and_twin_and_changes_no_weight(
    cases: list[ImageEntry], case_folders: list[Path], trained: Path, tmp_path: Path
) -> None:
    other, progress = ImageEntry("c", case_folders[2]), Progress()

    scored = train_tiny(
        cases, tmp_path / "scored", validation=[other, with_twin(other)], progress=progress
    )

    found = read_history(tmp_path / "scored").validation
    assert [(v.iteration, v.case, v.image) for v in found] == [(2, "c", "real"), (2, "c", "twin")]
    assert [set(v.nested) for v in found] == [{"TC", "WT", "ET"}] * 2
    assert progress.details[-1].keys() == {
        *("loss", "learning_rate", "samples_per_s"),
        *(f"dice_{view}{region}" for view in ("real", "twin") for region in ("", *REGIONS)),
    }
    assert scored.weights_digest == load_model(trained).card.weights_digest


def test_history_has_one_entry_per_iteration(trained: Path) -> None:
    history = read_history(trained)

    assert len(history.loss) == len(history.learning_rate) == len(history.gradient_norm) == 2
    assert np.isfinite(history.loss).all()
    assert history.samples == 2 * 2


def test_one_case_is_too_few_to_train_on(cases: list[ImageEntry], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="at least 2 different cases, not 1"):
        train_tiny([cases[0], with_twin(cases[0])], tmp_path / "out")


@pytest.mark.parametrize("missing", [("t2",), MODALITIES], ids=["one modality", "all of it"])
def test_a_missing_twin_is_named_and_nothing_is_written(
    cases: list[ImageEntry], tmp_path: Path, missing: tuple[str, ...]
) -> None:
    partial = tmp_path / "twin"
    shutil.copytree(cases[1].folder.with_name("b-twin"), partial)
    for modality in missing:
        (partial / f"{modality}.nii.gz").unlink()
    twin = ImageEntry("b", cases[1].folder, partial)

    with pytest.raises(InvalidRequest, match=f"twin of case b lacks {', '.join(missing)}"):
        train_tiny([cases[0], twin], tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_case_is_not_both_trained_on_and_validated(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequest, match="both trained on and validated: b"):
        train_tiny(cases, tmp_path / "out", validation=[with_twin(cases[1])])


def test_an_image_enters_a_training_once(cases: list[ImageEntry], tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"repeated: a \(real\)"):
        train_tiny([*cases, cases[0]], tmp_path / "out")
