from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.generator.tiny_generator import CONFIG, random_generator, train_tiny

from syntrust_core.cases.model import read_case, read_images
from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_core.errors import CallerError, Cancelled
from syntrust_core.imaging.nifti import read_volume
from syntrust_generator.atlas.deformation import sample_deformation, warp_coordinates
from syntrust_generator.checkpoints.store import Generator, load_model
from syntrust_generator.diffusion.samplers import Step
from syntrust_generator.model_card import Domain, Sampling
from syntrust_generator.synthesis.draw import derive_draw_seed, draw, draw_view
from syntrust_generator.synthesis.engine import ComputeConfig, get_engine
from syntrust_generator.synthesis.synthesis import (
    SynthesisConfig,
    TwinJob,
    TwinRejected,
    synthesise,
    synthesise_all,
)

pytestmark = pytest.mark.numeric

MODALITIES = ("t1", "t1ce", "t2", "flair")
CPU = torch.device("cpu")


def config(
    generator: Generator, seed: int = 7, precision: GeneratorPrecision = "fp32"
) -> SynthesisConfig:
    return SynthesisConfig(generator, seed, compute=ComputeConfig(CPU, precision))


def test_a_twin_is_four_modalities_on_the_grid_of_its_case(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    case, record = read_case(case_folder)

    paths = synthesise(TwinJob(case_folder, tmp_path), config(generator))

    images = read_images(tmp_path, case.geometry)
    assert sorted(paths) == sorted([*MODALITIES, "twin"])
    assert (images[:, ~case.brain] == -1).all()
    assert np.abs(images).max() <= 1
    assert read_volume(paths["t1"])[0].dtype == np.float32
    provenance = json.loads(paths["twin"].read_text("utf-8"))
    assert provenance["label_map_digest"] == record.label_map_digest
    assert (provenance["sampler"], provenance["steps"], provenance["redraw"]) == ("ddim", 3, 0)
    assert (provenance["device"], provenance["precision"]) == ("cpu", "fp32")
    assert provenance["compiled"] is False
    assert (provenance["fit"], provenance["warnings"]) == ("exact", [])
    assert provenance["field_of_view"] == [[0, 16], [0, 24], [0, 16]]


def test_a_twin_is_drawn_from_labels_and_brain_alone(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    kept = ("case.json", "labels.nii.gz", "brain.nii.gz")
    (tmp_path / "mask").mkdir()
    for name in kept:
        (tmp_path / "mask" / name).write_bytes((case_folder / name).read_bytes())

    whole, alone = (
        synthesise(TwinJob(folder, tmp_path / out), config(generator))
        for folder, out in ((case_folder, "a"), (tmp_path / "mask", "b"))
    )

    assert whole["flair"].read_bytes() == alone["flair"].read_bytes()


def test_what_a_twin_lost_outside_the_field_of_view_stands_in_its_provenance(
    case_folder: Path, tmp_path: Path
) -> None:
    domain = Domain(
        shape=(6, 16, 8), spacing_mm=(3, 3, 3), view="grid", intensity="brain-z", fit="crop"
    )
    case, _ = read_case(case_folder)

    paths = synthesise(TwinJob(case_folder, tmp_path), config(random_generator(domain)))

    provenance = json.loads(paths["twin"].read_text("utf-8"))
    inside = case.labels[5:11, 4:20, 4:12]
    lost = {
        region: int(np.count_nonzero(case.labels == value) - np.count_nonzero(inside == value))
        for region, value in (("NCR", 1), ("ED", 2), ("ET", 3))
    }
    assert provenance["fit"] == "crop"
    assert provenance["field_of_view"] == [[5, 11], [4, 20], [4, 12]]
    assert lost["ED"] > 0
    assert {key: provenance["lost_voxels"][key] for key in lost} == lost
    assert len(provenance["warnings"]) == 1
    assert (read_volume(paths["t1"])[0][:5] == -1).all()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_draw_twice_is_the_same_bytes(
    precision: GeneratorPrecision, generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    run = config(generator, precision=precision)

    one, other = (synthesise(TwinJob(case_folder, tmp_path / name), run) for name in ("a", "b"))

    assert all(one[name].read_bytes() == other[name].read_bytes() for name in one)


@pytest.mark.parametrize(("seed", "twin"), [(8, 0), (7, 1)])
def test_another_seed_or_twin_is_another_image_each_time_the_same(
    seed: int, twin: int, generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    first = synthesise(TwinJob(case_folder, tmp_path / "a"), config(generator))

    other, again = (
        synthesise(TwinJob(case_folder, tmp_path / name, twin), config(generator, seed))
        for name in ("b", "c")
    )

    assert first["t1"].read_bytes() != other["t1"].read_bytes()
    assert other["t1"].read_bytes() == again["t1"].read_bytes()


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "dpm++2m"])
def test_twins_of_a_batch_are_those_drawn_alone(
    sampler: str, generator: Generator, case_folder: Path
) -> None:
    case, _ = read_case(case_folder)
    engine = get_engine(generator, ComputeConfig(CPU, "fp32"))
    view = generator.prepare_view(case)
    sampling = Sampling.model_validate({"sampler": sampler, "steps": 5})
    told: list[Step] = []

    def drawn(*seeds: int) -> list[Any]:
        options: dict[str, Any] = {"sampling": sampling, "on_step": told.append}
        return draw_view(engine, generator.domain, view, seeds=seeds, **options)

    together, alone = drawn(1, 2, 3), [drawn(seed)[0] for seed in (1, 2, 3)]

    # The mean and not the worst: at t = T - 1 an error is magnified 5000-fold in the
    # few voxels that are not clipped.
    assert np.abs(np.stack(together) - np.stack(alone)).mean() < 1e-3
    assert not np.array_equal(alone[0], alone[1])
    assert len(told) == 4 * 5


def test_bfloat16_changes_a_twin_by_little(generator: Generator, case_folder: Path) -> None:
    case, _ = read_case(case_folder)

    exact, fast = (
        draw(generator, case, seed=1, sampling=CONFIG.default, precision=precision)
        for precision in ("fp32", "bf16")
    )

    rms = float(np.sqrt(np.mean((exact - fast)[:, case.brain] ** 2)))
    assert 0 < rms < 0.02


def test_a_callback_that_raises_cancels_the_draw(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    def cancel(step: Step) -> None:
        raise Cancelled("Nobody wants this step.")

    with pytest.raises(Cancelled):
        synthesise(TwinJob(case_folder, tmp_path / "twin"), config(generator), on_step=cancel)

    assert not (tmp_path / "twin").exists()


def test_only_drawing_holds_the_device(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    case, out = tmp_path / "case", tmp_path / "twin"
    shutil.copytree(case_folder, case)
    steps: list[Step] = []

    @contextmanager
    def exclusive_device() -> Iterator[None]:
        shutil.rmtree(case)
        yield
        assert len(steps) == CONFIG.default.steps
        assert not out.exists()

    paths = synthesise(
        TwinJob(case, out),
        config(generator),
        on_step=steps.append,
        exclusive_device=exclusive_device,
    )

    assert all(path.exists() for path in paths.values())


def test_a_generator_that_draws_nonsense_is_refused_after_two_redraws(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    for parameter in generator.network.parameters():
        parameter.fill_(torch.nan)
    steps: list[Step] = []

    with pytest.raises(TwinRejected, match=r"3 draws failed.*NaN"):
        synthesise(TwinJob(case_folder, tmp_path), config(generator), on_step=steps.append)

    assert len(steps) == 3 * CONFIG.default.steps


def test_many_twins_are_those_drawn_one_by_one_each_told_once_it_is_whole(
    generator: Generator, case_folders: dict[str, Path], tmp_path: Path
) -> None:
    jobs = [
        TwinJob(folder, tmp_path / case / str(twin), twin)
        for case, folder in case_folders.items()
        for twin in range(2)
    ]
    told: list[TwinJob] = []

    def check(job: TwinJob) -> None:
        assert (job.out / "twin.json").exists()
        told.append(job)

    synthesise_all(jobs, config(generator), on_twin=check)

    alone = synthesise(TwinJob(jobs[3].case_folder, tmp_path / "alone", 1), config(generator))
    assert told == jobs
    assert (jobs[3].out / "t2.nii.gz").read_bytes() == alone["t2"].read_bytes()
    assert (jobs[2].out / "t2.nii.gz").read_bytes() != alone["t2"].read_bytes()


def test_a_case_that_is_refused_among_many_says_so(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    domain = Domain(shape=(8, 8, 8), spacing_mm=(1, 1, 1), view="grid", intensity="brain-z")
    jobs = [TwinJob(folder, tmp_path / case) for case, folder in case_folders.items()]

    with pytest.raises(CallerError, match="grid: 16x24x16 voxels"):
        synthesise_all(jobs, config(random_generator(domain)))

    assert not list(tmp_path.iterdir())


def test_the_draw_seed_is_the_digest_of_its_four_parts() -> None:
    # First 16 hex digits of: printf '[7,"ab",1,2]' | sha256sum
    assert f"{derive_draw_seed(7, 'ab', 1, 2):016x}" == "acc0b70e5d60e6ce"
    assert derive_draw_seed(7, "ab", 1, 2) != derive_draw_seed(7, "ab", 1, 3)


def generator_with_atlas(case_folders: dict[str, Path], out: Path) -> Generator:
    architecture = CONFIG.architecture.model_copy(update={"in_channels": 11, "anatomy": (8, 8, 4)})
    recipe = CONFIG.recipe.model_copy(update={"iterations": 5})
    settings = {"architecture": architecture, "expanded": True, "recipe": recipe}
    train_tiny(case_folders, out, CONFIG.model_copy(update=settings))
    return load_model(out)


def test_a_generator_with_anatomy_and_expanded_intensities_draws_brain_z(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    generator = generator_with_atlas(case_folders, tmp_path)
    case, _ = read_case(next(iter(case_folders.values())))
    images = draw(generator, case, seed=1, sampling=generator.card.default)

    assert generator.network.atlas is not None
    assert generator.domain.expanded
    assert (images[:, ~case.brain] == -1).all()
    assert images[:, case.brain].std() > 0.01


def test_twins_of_one_mask_have_anatomies_of_their_own_and_each_the_same_in_a_batch(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    generator = generator_with_atlas(case_folders, tmp_path)
    case, _ = read_case(next(iter(case_folders.values())))
    assert generator.network.atlas is not None
    generator.network.atlas.deformation_modes.normal_(
        0, 0.02, generator=torch.Generator().manual_seed(0)
    )
    engine, view = get_engine(generator, ComputeConfig(CPU, "fp32")), generator.prepare_view(case)

    def drawn(*seeds: int) -> list[Any]:
        return draw_view(
            engine, generator.domain, view, seeds=seeds, sampling=generator.card.default
        )

    together, alone = drawn(1, 2), [drawn(seed)[0] for seed in (1, 2)]

    # The mean and not the worst: at t = T - 1 an error is magnified 5000-fold in the
    # few voxels that are not clipped.
    assert np.abs(np.stack(together) - np.stack(alone)).mean() < 1e-3
    assert engine.deformation_modes is not None
    coordinates = [
        warp_coordinates(view.planes, sample_deformation(engine.deformation_modes, seed))[-3:]
        for seed in (1, 2)
    ]
    assert np.abs(coordinates[0] - coordinates[1]).max() > 0.01


def test_the_memory_of_a_run_does_not_grow_with_its_twins(
    generator: Generator, case_folder: Path, tmp_path: Path
) -> None:
    jobs = [TwinJob(case_folder, tmp_path / "twin", twin) for twin in range(12)]
    held_bytes: list[int] = []
    tracemalloc.start()

    try:
        synthesise_all(
            jobs,
            config(generator),
            on_twin=lambda _: held_bytes.append(tracemalloc.get_traced_memory()[0]),
        )
    finally:
        tracemalloc.stop()

    one_twin = 4 * 4 * 16 * 24 * 16
    assert max(held_bytes[6:]) < max(held_bytes[:6]) + one_twin
