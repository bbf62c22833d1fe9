"""A training from case folders to a model folder: its card, checkpoints and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.unit.generator.tiny_generator import CONFIG, train_tiny

from syntrust_core.cases.model import read_case
from syntrust_core.errors import CallerError, Cancelled, InvalidRequest, Stopping
from syntrust_generator.checkpoints.store import Generator, load_model
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import read_card
from syntrust_generator.synthesis.engine import Engine
from syntrust_generator.training.dataset import CaseFolders
from syntrust_generator.training.loop import TrainingProgress
from syntrust_generator.training.preview import render_preview, write_png
from syntrust_generator.training.training_job import LiveArtifacts, training_config

ONE_ITERATION = CONFIG.model_copy(
    update={"recipe": CONFIG.recipe.model_copy(update={"iterations": 1})}
)


def test_the_card_has_the_cases_it_has_seen_and_how_it_was_made(
    model_folder: Path, case_folders: dict[str, Path]
) -> None:
    card = read_card(model_folder)

    _, record = read_case(case_folders["ball-1"])
    assert [case.id for case in card.seen] == ["ball-0", "ball-1"]
    assert card.seen[1].label_map_digest == record.label_map_digest
    assert card.seen[1].fingerprint == record.fingerprint
    assert card.domain.shape == (16, 24, 16)
    assert (card.variant, card.prediction) == ("brats", "velocity")
    assert card.recipe == CONFIG.recipe
    assert len(card.loss) == card.iterations == 40


@pytest.mark.slow
def test_training_goes_on_from_its_checkpoint_to_the_same_weights(
    model_folder: Path, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    live = LiveArtifacts(tmp_path / "checkpoint.pt", tmp_path / "s.png", checkpoint_every_s=0)
    told: list[int] = []

    def stop(progress: TrainingProgress) -> None:
        if progress.done == 30:
            raise Cancelled("The worker is going away.")

    with pytest.raises(Cancelled):
        train_tiny(case_folders, tmp_path, on_progress=stop, live=live)
    train_tiny(case_folders, tmp_path, on_progress=lambda now: told.append(now.done), live=live)

    assert told == list(range(31, 41))
    assert read_card(tmp_path).weights_sha256 == read_card(model_folder).weights_sha256


def test_a_training_whose_worker_ends_keeps_what_it_has_reached(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    kept: list[int] = []
    live = LiveArtifacts(
        tmp_path / "checkpoint.pt", tmp_path / "s.png", lambda _, iteration: kept.append(iteration)
    )

    def stop(progress: TrainingProgress) -> None:
        if progress.done == 2:
            raise Stopping("The worker ends.")

    with pytest.raises(Stopping):
        train_tiny(case_folders, tmp_path, on_progress=stop, live=live)

    assert kept == [2]
    assert live.checkpoint.exists()


def test_the_clock_decides_when_a_state_is_kept_and_the_end_always_is(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    kept: list[int] = []
    seen: list[int] = []
    live = LiveArtifacts(
        tmp_path / "checkpoint.pt", tmp_path / "s.png", lambda _, iteration: kept.append(iteration)
    )

    train_tiny(case_folders, tmp_path, on_progress=lambda _: seen.append(len(kept)), live=live)

    assert kept == [40]
    assert seen == [0] * 39 + [1]  # the default is minutes; the last state comes before the end


@pytest.mark.slow
def test_pictures_of_what_is_drawn_change_nothing_of_what_is_learned(
    model_folder: Path, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    previews: list[Path] = []
    live = LiveArtifacts(
        tmp_path / "checkpoint.pt",
        tmp_path / "samples.png",
        on_preview=previews.append,
        preview_every_s=0,
    )

    train_tiny(case_folders, tmp_path, live=live)

    assert read_card(tmp_path).weights_sha256 == read_card(model_folder).weights_sha256
    assert len(previews) >= 1
    with Image.open(tmp_path / "samples.png") as picture:
        assert (picture.mode, picture.size) == ("L", (4 * 16, 4 * 24))


def test_a_picture_shows_the_real_slice_above_the_drawn_one_in_one_grey_scale(
    generator: Generator, case_folders: dict[str, Path]
) -> None:
    cases = CaseFolders(tuple(case_folders.values()), generator.domain, 2)
    schedule, cpu = cosine_schedule(250), torch.device("cpu")
    engine = Engine(generator.network, schedule, "velocity", device=cpu, precision="fp32")

    pixels = render_preview(engine, [cases[0]], seed=0)

    height = pixels.shape[0] // 2
    real, drawn = pixels[:height, :16], pixels[height:, :16]
    wanted = cases[0].images[0, 7]
    corners = wanted == -1
    assert (real[corners] == 0).all()
    assert (drawn[corners] == 0).all()
    assert real.max() == 255
    assert np.corrcoef(real[~corners], wanted[~corners])[0, 1] > 0.95


def test_a_png_holds_the_very_pixels(tmp_path: Path) -> None:
    pixels = np.arange(6 * 5, dtype=np.uint8).reshape(6, 5) * 7

    write_png(pixels, tmp_path / "x.png")

    with Image.open(tmp_path / "x.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_a_generator_that_goes_on_from_another_keeps_what_that_one_has_seen(
    model_folder: Path, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    start = load_model(model_folder)
    domain = start.domain.model_copy(update={"fit": "crop"})
    start = Generator(start.network, start.card.model_copy(update={"domain": domain}))

    train_tiny({"other": case_folders["ball-0"]}, tmp_path, ONE_ITERATION, start=start)

    card = read_card(tmp_path)
    assert [case.id for case in card.seen] == ["ball-0", "ball-1", "other"]
    assert [stage.weights_sha256 for stage in card.earlier] == [start.card.weights_sha256]
    assert card.earlier[0].recipe == CONFIG.recipe
    assert card.twin_domain().fit == "crop"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"architecture": CONFIG.architecture.model_copy(update={"base_channels": 16})},
            "ball has another architecture",
        ),
        ({"expanded": True}, "ball has another view, intensity or expanded"),
    ],
)
def test_going_on_from_a_generator_of_another_kind_is_refused(
    change: dict[str, object],
    why: str,
    generator: Generator,
    case_folders: dict[str, Path],
    tmp_path: Path,
) -> None:
    with pytest.raises(CallerError, match=why):
        train_tiny(case_folders, tmp_path, CONFIG.model_copy(update=change), start=generator)


def test_a_steps_config_takes_seed_and_iterations_from_the_step() -> None:
    config = training_config(CONFIG.model_dump(mode="json"), seed=9, iterations=11)

    assert (config.recipe.seed, config.recipe.iterations) == (9, 11)
    assert config.architecture == CONFIG.architecture


def test_an_unknown_field_of_a_steps_config_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="chanels"):
        training_config({"architecture": {"chanels": 3}}, seed=0, iterations=1)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"expanded": True, "intensity": "min-max"}, "needs intensity brain-z"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    fields: dict[str, object], why: str
) -> None:
    with pytest.raises(InvalidRequest, match=why):
        training_config({**CONFIG.model_dump(), **fields}, seed=0, iterations=1)
