"""The atlas: mean images that a small network looks up by place in the brain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from tests.tolerances import of_sum
from tests.unit.generator.tiny_generator import train_tiny

from syntrust_core.cases.model import read_case
from syntrust_core.errors import Cancelled
from syntrust_generator.atlas.atlas import Atlas
from syntrust_generator.atlas.deformation import deformation_shape, warp_coordinates
from syntrust_generator.atlas.registration import fit_shape_template
from syntrust_generator.checkpoints.store import load_model
from syntrust_generator.conditioning.planes import build_condition, to_network
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import ArchitectureCard, Phase, Recipe, TrainConfig
from syntrust_generator.synthesis.engine import Engine
from syntrust_generator.training.atlas_fit import average_healthy_images, fit_atlas
from syntrust_generator.training.dataset import TrainingCase, draw_batch
from syntrust_generator.training.loop import add_noise, noise_loss, start_training
from syntrust_generator.training.training_job import train

pytestmark = pytest.mark.numeric

SHAPE = (12, 16, 14)  # x, y, z
NODES = (9, 11, 6)  # z, y, half of x
EIGHT_CORNERS = 2 * 8  # a product and a sum for each node around a voxel
TINY_ARCHITECTURE = ArchitectureCard(
    base_channels=4, multipliers=(1, 2), residual_blocks=1, in_channels=11, anatomy=NODES
)
CONFIG = TrainConfig(architecture=TINY_ARCHITECTURE, recipe=Recipe(iterations=1), expanded=True)


def brain_mask() -> NDArray[np.bool_]:
    """All but a rim of one voxel."""
    brain = np.zeros(SHAPE, dtype=bool)
    brain[1:-1, 1:-1, 1:-1] = True
    return brain


SHAPE_TEMPLATE = fit_shape_template([brain_mask()], NODES)


@dataclass(frozen=True)
class Cases:
    cases: tuple[TrainingCase, ...]

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, index: int, /) -> TrainingCase:
        return self.cases[index]


def case(images: NDArray[np.float32], tumour: tuple[slice, ...] | None = None) -> TrainingCase:
    """A brain that fills all but a rim of one voxel, with images (4, X, Y, Z)."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[tumour or (slice(3, 5), slice(3, 5), slice(3, 5))] = 2
    return case_of(images, labels)


def case_of(images: NDArray[np.float32], labels: NDArray[np.uint8]) -> TrainingCase:
    brain = brain_mask()
    planes = warp_coordinates(build_condition(labels, brain, shape_template=SHAPE_TEMPLATE))
    flat = np.zeros((3, *deformation_shape(NODES)), dtype=np.float32)
    seen = to_network(np.where(brain, images, -1).astype(np.float32))
    return TrainingCase(seen, planes, flat)


def symmetric_ramp() -> NDArray[np.float32]:
    """Linear in y, z and the distance from the middle, so that interpolation is exact."""
    x, y, z = np.indices(SHAPE)
    ramp = 0.02 * np.abs(x - (SHAPE[0] - 1) / 2) - 0.03 * y + 0.01 * z
    return np.stack([ramp * (m + 1) for m in range(4)]).astype(np.float32)


def sample_images(mean: torch.Tensor, planes: NDArray[np.float32]) -> NDArray[np.float32]:
    atlas = Atlas(4, NODES)
    atlas.mean.copy_(mean)
    x = torch.cat([torch.zeros(1, 4, *planes.shape[1:]), torch.from_numpy(planes)[None]], dim=1)
    found: NDArray[np.float32] = atlas(x)[0].numpy()
    return found


def atlas_of(only: TrainingCase) -> Atlas:
    atlas = Atlas(4, NODES)
    atlas.mean.copy_(average_healthy_images((only,), NODES))
    atlas.shape_template.copy_(torch.from_numpy(SHAPE_TEMPLATE))
    return atlas


def test_the_atlas_of_one_case_gives_its_images_at_its_coordinates() -> None:
    only = case(symmetric_ramp())
    # Next to the tumour a node averages healthy neighbours alone, so it is left out here.
    healthy = only.condition[3] > 0
    healthy[1:7, 1:7, 1:7] = False
    healthy[1:7, 1:7, -7:-1] = False

    found = sample_images(average_healthy_images((only,), NODES), only.condition)

    deep = healthy.copy()
    deep[:, :, 5:7] = False  # the ramp has its kink in the middle, between two voxels
    error = np.abs(found - only.images)[:, deep].mean(axis=1)
    one_voxel_along_y = 0.03 * np.arange(1, 5)  # nodes are two voxels apart
    assert (error < one_voxel_along_y).all()


def test_the_mean_is_over_cases_and_knows_no_tumour() -> None:
    low, high = case(np.full((4, *SHAPE), 0.2)), case(np.full((4, *SHAPE), 0.6))
    low.images[:, low.condition[1] > 0] = 1.0

    mean = average_healthy_images((low, high), NODES)

    assert mean.shape == (4, *NODES)
    assert float(mean.max()) <= 0.6 + 1e-6
    np.testing.assert_allclose(mean[:, -2, -2, -2].numpy(), 0.4, rtol=0, atol=of_sum(EIGHT_CORNERS))


def test_left_and_right_share_one_atlas() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, *SHAPE)).astype(np.float32)
    tumour = (slice(3, 5), slice(3, 5), slice(3, 5))
    mirrored = (slice(-5, -3), *tumour[1:])

    here = average_healthy_images((case(images, tumour),), NODES)
    there = average_healthy_images((case(images[:, ::-1], mirrored),), NODES)

    np.testing.assert_allclose(here.numpy(), there.numpy(), rtol=0, atol=of_sum(EIGHT_CORNERS, 5))


def test_the_atlas_is_zero_outside_the_head() -> None:
    only = case(symmetric_ramp())

    found = sample_images(torch.ones(4, *NODES), only.condition)

    head = only.condition[:4].any(axis=0)
    np.testing.assert_allclose(found[:, head], 1, rtol=0, atol=of_sum(EIGHT_CORNERS))
    assert not found[:, ~head].any()


def test_a_trained_model_carries_its_atlas(case_folders: dict[str, Path], tmp_path: Path) -> None:
    train_tiny(case_folders, tmp_path, CONFIG)

    network = load_model(tmp_path).network
    assert network.atlas is not None
    assert float(network.atlas.mean.std()) > 0
    assert float(network.atlas.deformation_modes.float().std()) > 0
    case, _ = read_case(next(iter(case_folders.values())))
    for region, value in enumerate((1, 2, 3)):
        assert (case.labels == value).any()
        assert float(network.atlas.lesions[:, region].abs().max()) > 0
        assert float((network.atlas.region_scale[:, region] - 1).abs().max()) > 0


def test_fitting_an_atlas_reports_every_case_and_can_be_stopped(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    visited: list[int] = []

    def stop() -> None:
        visited.append(len(visited))
        if len(visited) == 7:
            raise Cancelled("Nobody wants this step any more.")

    with pytest.raises(Cancelled):
        train(
            case_folders,
            CONFIG,
            name="small",
            dataset="balls",
            out=tmp_path,
            on_progress=lambda _: pytest.fail("no iteration was due yet"),
            on_case=stop,
        )

    assert len(visited) == 7
    assert not list(tmp_path.iterdir())


def test_an_atlas_needs_three_more_channels_for_the_coordinates() -> None:
    architecture = TINY_ARCHITECTURE.model_copy(update={"in_channels": 8})

    with pytest.raises(ValidationError, match="in_channels: must be 11 with anatomy"):
        TrainConfig(architecture=architecture)


def test_the_noise_estimated_in_drawing_is_the_one_that_training_scored() -> None:
    only, schedule = case(symmetric_ramp()), cosine_schedule(250)
    recipe = Recipe(iterations=1, phases=(Phase(share=1, batch=1),), prediction="velocity")
    atlas = atlas_of(only)
    atlas.region_scale.uniform_(0.3, 1.5, generator=torch.Generator().manual_seed(1))
    training = start_training(TINY_ARCHITECTURE, recipe, atlas=atlas)
    for parameter in training.network.parameters():  # the last layer starts as zero
        torch.nn.init.normal_(parameter, std=0.2, generator=torch.Generator().manual_seed(0))
    batch = draw_batch(Cases((only,)), recipe, index=0, iteration=0, schedule_steps=250)
    (t,) = batch.t.tolist()
    engine = Engine(
        training.network, schedule, "velocity", device=torch.device("cpu"), precision="fp32"
    )

    planes = batch.condition.copy()
    images, noise = torch.from_numpy(batch.images.copy()), torch.from_numpy(batch.noise)
    scale = engine.noise_scale(planes)
    noisy = add_noise(schedule, images, scale * noise, torch.tensor([t]))
    error = (engine.denoiser(planes)(noisy, t) / scale - noise).abs()

    loss = noise_loss(training.network, batch, schedule, recipe, "none")
    np.testing.assert_allclose(float(error.mean()), float(loss.detach()), rtol=1e-4)
    tumour = torch.from_numpy(planes[:, :3]).amax(dim=1, keepdim=True)
    weights = (1 + 4 * tumour).expand_as(error)
    weighted = recipe.model_copy(update={"tumour_weight": 5.0})
    loss = noise_loss(training.network, batch, schedule, weighted, "none")
    wanted = (weights * error).sum() / weights.sum()
    np.testing.assert_allclose(float(wanted), float(loss.detach()), rtol=1e-4)


def test_noise_is_scaled_by_the_unit_of_each_region_and_not_outside_the_head() -> None:
    only = case(symmetric_ramp())
    atlas = atlas_of(only)
    atlas.region_scale[:, 1] = torch.tensor([0.2, 0.4, 0.6, 0.8])  # ED
    atlas.region_scale[:, 3] = 0.3

    scale = atlas.scale_map(torch.from_numpy(only.condition)[None])[0].numpy()

    tumour, healthy = only.condition[1] > 0, only.condition[3] > 0
    np.testing.assert_allclose(scale[:, tumour].min(axis=1), [0.2, 0.4, 0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(scale[:, tumour].max(axis=1), [0.2, 0.4, 0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(scale[:, healthy], 0.3, rtol=1e-6)
    np.testing.assert_array_equal(scale[:, ~(tumour | healthy)], 1)


def test_a_regions_neighbours_differ_by_half_its_unit_at_any_brightness() -> None:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[3:9, 3:9, 3:7], labels[3:9, 3:9, 7:11] = 2, 3  # ED beside ET, no NCR
    sizes = np.where(labels == 2, 0.04, np.where(labels == 3, 0.1, 0.2))
    checkers = sizes * (-1.0) ** np.indices(SHAPE).sum(axis=0) + 0.9 * (labels == 3)
    images = np.repeat(checkers[None], 4, axis=0).astype(np.float32)

    cases = [case_of(images, labels), case_of(-images, labels)]
    learned = fit_atlas(lambda **_: Cases(tuple(cases)), NODES)

    # The mean of two opposite images is flat, so the roughness of each is all its own:
    # neighbours differ by twice its size.
    found = learned.region_scale.numpy()
    np.testing.assert_allclose(found[:, 1], 4 * 0.04, rtol=1e-5)
    np.testing.assert_allclose(found[:, 2], 4 * 0.1, rtol=1e-5)
    np.testing.assert_allclose(found[:, 3], 4 * 0.2, rtol=1e-5)
    np.testing.assert_array_equal(found[:, 0], found[:, 3])


def test_a_tumours_own_mean_is_expected_in_it_and_nothing_outside_the_head() -> None:
    only = case(symmetric_ramp() + 3)
    condition = torch.from_numpy(only.condition)[None]
    atlas = atlas_of(only)
    atlas.lesions[:, 1] = torch.tensor([5.0, 6.0, 7.0, 8.0])  # ED

    expected = atlas.expected_images(condition)[0]

    tumour, healthy = only.condition[1] > 0, only.condition[3] > 0
    assert float(expected[:, healthy].abs().min()) > 0.1
    np.testing.assert_array_equal(expected[:, tumour].numpy().min(axis=1), [5, 6, 7, 8])
    np.testing.assert_array_equal(expected[:, tumour].numpy().max(axis=1), [5, 6, 7, 8])
    assert not expected[:, ~(healthy | tumour)].any()
