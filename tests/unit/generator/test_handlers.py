from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from syntrust_core.cases import read_case, read_images
from syntrust_core.errors import CallerError, Cancelled, InvalidRequest
from syntrust_core.volumes import read_volume
from syntrust_generator.card import (
    ArchitectureCard,
    Phase,
    Recipe,
    Sampling,
    TrainConfig,
    read_card,
)
from syntrust_generator.cli import app
from syntrust_generator.draw import draw, draw_seed, noise
from syntrust_generator.handlers import TwinRejected, synthesise, train, training_config
from syntrust_generator.models import Generator, load_model
from syntrust_generator.samplers import Step
from syntrust_generator.training import TrainingProgress

CONFIG = TrainConfig(
    architecture=ArchitectureCard(base_channels=8, multipliers=(1, 2), residual_blocks=1),
    recipe=Recipe(
        iterations=40,
        phases=(Phase(share=1, crop=8, weighting="image"),),
        warmup=1,
        learning_rate=3e-3,
        prediction="velocity",
    ),
    default=Sampling(sampler="ddim", steps=3),
)
MODALITIES = ("t1", "t1ce", "t2", "flair")


def run_training(folders: Mapping[str, Path], out: Path) -> None:
    train(folders, CONFIG, name="ball", dataset="two balls", out=out, on_progress=lambda _: None)


@pytest.fixture(scope="session")
def model_folder(
    case_folders: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    one_thread: Callable[[], AbstractContextManager[None]],
) -> Path:
    folder = tmp_path_factory.mktemp("model")
    with one_thread():
        run_training(case_folders, folder)
    return folder


@pytest.fixture
def generator(model_folder: Path) -> Generator:
    return load_model(model_folder)


@pytest.fixture
def case_folder(case_folders: dict[str, Path]) -> Path:
    return case_folders["ball-0"]


def test_a_twin_is_four_modalities_on_the_grid_of_its_case(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    case, record = read_case(case_folder)

    paths = synthesise(case_folder, generator, out=tmp_path, seed=7)

    images = read_images(tmp_path, case.geometry)
    assert sorted(paths) == sorted([*MODALITIES, "twin"])
    assert (images[:, ~case.brain] == -1).all()
    assert np.abs(images).max() <= 1
    assert read_volume(paths["t1"])[0].dtype == np.float32
    provenance = json.loads(paths["twin"].read_text("utf-8"))
    assert provenance["label_map_digest"] == record.label_map_digest
    assert (provenance["sampler"], provenance["steps"], provenance["redraw"]) == ("ddim", 3, 0)


def test_the_same_draw_twice_is_the_same_bytes(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    one, other = (
        synthesise(case_folder, generator, out=tmp_path / name, seed=7) for name in ("a", "b")
    )

    assert all(one[name].read_bytes() == other[name].read_bytes() for name in one)


@pytest.mark.parametrize("change", [{"seed": 8}, {"twin": 1}])
def test_another_seed_or_twin_is_another_image(
    change: dict[str, int], generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    asked = {"seed": 7, "twin": 0}

    one = synthesise(case_folder, generator, out=tmp_path / "a", **asked)  # type: ignore[arg-type]
    other = synthesise(
        case_folder,
        generator,
        out=tmp_path / "b",
        **{**asked, **change},  # type: ignore[arg-type]
    )

    assert one["t1"].read_bytes() != other["t1"].read_bytes()


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "dpm++2m"])
def test_every_sampler_draws_from_the_same_start(
    sampler: str, generator: Generator, case_folder: Path
) -> None:
    case, _ = read_case(case_folder)
    sampling = Sampling.model_validate({"sampler": sampler, "steps": 5})
    told: list[Step] = []

    images = draw(generator, case, seed=1, sampling=sampling, on_step=told.append)

    assert np.isfinite(images).all()
    assert len(told) == 5


def test_a_callback_that_raises_cancels_the_draw(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    def cancel(step: Step) -> None:
        raise Cancelled("Nobody wants this step.")

    with pytest.raises(Cancelled):
        synthesise(case_folder, generator, out=tmp_path / "twin", seed=7, on_step=cancel)

    assert not (tmp_path / "twin").exists()


def test_a_generator_that_draws_nonsense_is_refused_after_two_redraws(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    for parameter in generator.network.parameters():
        parameter.fill_(torch.nan)
    steps: list[Step] = []

    with pytest.raises(TwinRejected, match=r"3 draws failed.*NaN"):
        synthesise(case_folder, generator, out=tmp_path, seed=7, on_step=steps.append)

    assert len(steps) == 3 * CONFIG.default.steps


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("shape", (16, 16, 16), r"grid: \(16, 24, 16\) voxels"),
        ("spacing_mm", (1.0, 1.0, 1.0), "grid: spacing"),
    ],
)
def test_a_case_on_another_grid_is_refused(  # noqa: PLR0917
    field: str,
    value: object,
    reason: str,
    generator: Generator,
    case_folder: Path,
    tmp_path: Path,
) -> None:
    domain = generator.card.domain.model_copy(update={field: value})
    other = Generator(generator.network, generator.card.model_copy(update={"domain": domain}))

    with pytest.raises(CallerError, match=reason):
        synthesise(case_folder, other, out=tmp_path, seed=7)


def test_the_draw_seed_is_the_digest_of_its_four_parts() -> None:
    # First 16 hex digits of: printf '[7,"ab",1,2]' | sha256sum
    assert f"{draw_seed(7, 'ab', 1, 2):016x}" == "acc0b70e5d60e6ce"
    assert draw_seed(7, "ab", 1, 2) != draw_seed(7, "ab", 1, 3)


def test_noise_depends_on_all_64_bits_of_the_seed_and_on_the_step() -> None:
    shape = (4, 4, 4)

    drawn = [noise(seed, t, shape) for seed, t in ((5, 250), (5 + 2**40, 250), (5, 249))]

    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    np.testing.assert_array_equal(drawn[0], noise(5, 250, shape))


def test_the_card_has_the_cases_it_has_seen_and_how_it_was_made(
    model_folder: Path, case_folders: dict[str, Path]
) -> None:
    card = read_card(model_folder)

    _, record = read_case(case_folders["ball-1"])
    assert [case.id for case in card.seen] == ["ball-0", "ball-1"]
    assert card.seen[1].label_map_digest == record.label_map_digest
    assert card.seen[1].fingerprint == record.fingerprint
    assert card.domain.shape == (16, 24, 16)
    assert card.prediction == "velocity"
    assert card.recipe == CONFIG.recipe
    assert len(card.loss) == card.iterations == 40


def test_training_goes_on_from_its_checkpoint_to_the_same_weights(
    model_folder: Path, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    def stop(progress: TrainingProgress) -> None:
        if progress.done == 30:
            raise Cancelled("The worker is going away.")

    def go(on_progress: object) -> None:
        assert callable(on_progress)
        train(
            case_folders,
            CONFIG,
            name="ball",
            dataset="two balls",
            out=tmp_path,
            on_progress=on_progress,
            checkpoint=tmp_path / "checkpoint.pt",
            checkpoint_every=20,
        )

    with pytest.raises(Cancelled):
        go(stop)
    told: list[TrainingProgress] = []
    go(told.append)

    assert [progress.done for progress in told] == list(range(21, 41))
    assert read_card(tmp_path).weights_sha256 == read_card(model_folder).weights_sha256


def test_a_generator_that_goes_on_from_another_keeps_what_that_one_has_seen(
    model_folder: Path, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    start = load_model(model_folder)

    train(
        {"other": case_folders["ball-0"]},
        CONFIG.model_copy(update={"recipe": CONFIG.recipe.model_copy(update={"iterations": 1})}),
        name="finer",
        dataset="one ball",
        out=tmp_path,
        start=start,
        on_progress=lambda _: None,
    )

    card = read_card(tmp_path)
    assert [case.id for case in card.seen] == ["ball-0", "ball-1", "other"]
    assert [stage.weights_sha256 for stage in card.earlier] == [start.card.weights_sha256]
    assert card.earlier[0].recipe == CONFIG.recipe


def test_going_on_from_another_architecture_is_refused(
    generator: Generator, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    wider = CONFIG.architecture.model_copy(update={"base_channels": 16})

    with pytest.raises(CallerError, match="ball has another architecture"):
        train(
            case_folders,
            CONFIG.model_copy(update={"architecture": wider}),
            name="wider",
            dataset="two balls",
            out=tmp_path,
            start=generator,
            on_progress=lambda _: None,
        )


def test_going_on_with_other_intensities_is_refused(
    generator: Generator, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={"expanded": True})
    quiet = {"name": "x", "dataset": "", "out": tmp_path, "on_progress": lambda _: None}

    with pytest.raises(CallerError, match="ball has another view, intensity, expanded"):
        train(case_folders, config, start=generator, **quiet)  # type: ignore[arg-type]


def test_a_steps_config_takes_seed_and_iterations_from_the_step() -> None:
    config = training_config(CONFIG.model_dump(mode="json"), seed=9, iterations=11)

    assert (config.recipe.seed, config.recipe.iterations) == (9, 11)
    assert config.architecture == CONFIG.architecture


def test_an_unknown_field_of_a_steps_config_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="chanels"):
        training_config({"architecture": {"chanels": 3}}, seed=0, iterations=1)


def test_the_command_trains_a_model_from_a_folder_of_uploads(
    upload_folder: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(CONFIG.model_dump_json(), "utf-8")
    out = tmp_path / "model"

    result = CliRunner().invoke(
        app,
        ["train", str(upload_folder), str(out), "--config", str(config), "--grid", "16",
         "--spacing", "5", "--name", "ball"],
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    card = load_model(out).card
    assert (card.name, card.iterations, card.domain.shape) == ("ball", 40, (16, 16, 16))
    log = (tmp_path / "model.work" / "loss.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["iteration"] for line in log] == list(range(1, 41))


def test_a_generator_with_position_and_expanded_intensities_draws_brain_z(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    architecture = CONFIG.architecture.model_copy(update={"in_channels": 11})
    settings = {"architecture": architecture, "position": True, "expanded": True}
    config = CONFIG.model_copy(update=settings)

    train(case_folders, config, name="x", dataset="", out=tmp_path, on_progress=lambda _: None)
    generator = load_model(tmp_path)
    case, _ = read_case(next(iter(case_folders.values())))
    images = draw(generator, case, seed=1, sampling=config.default)

    assert (generator.card.domain.position, generator.card.domain.expanded) == (True, True)
    assert (images[:, ~case.brain] == -1).all()
    assert images[:, case.brain].std() > 0.01


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"position": True}, "in_channels: 11 with position=True"),
        ({"expanded": True, "intensity": "min-max"}, "only with intensity brain-z"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    fields: dict[str, object], why: str
) -> None:
    with pytest.raises(InvalidRequest, match=why):
        training_config({**CONFIG.model_dump(), **fields}, seed=0, iterations=1)
