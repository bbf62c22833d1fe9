"""The mean anatomy that a small network looks up by place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from syntrust_generator.anatomy import Anatomy, mean_anatomy
from syntrust_generator.card import ArchitectureCard, Recipe, TrainConfig
from syntrust_generator.condition import condition_planes, to_network
from syntrust_generator.data import TrainingCase
from syntrust_generator.models import load_model
from syntrust_generator.training_job import train

SHAPE = (12, 16, 14)  # x, y, z
NODES = (9, 11, 6)  # z, y, half of x


@dataclass(frozen=True)
class Cases:
    cases: tuple[TrainingCase, ...]

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, index: int, /) -> TrainingCase:
        return self.cases[index]


def case(images: NDArray[np.float32], tumour: tuple[slice, ...] | None = None) -> TrainingCase:
    """A brain that fills all but a rim of one voxel, with images (4, X, Y, Z)."""
    brain = np.zeros(SHAPE, dtype=bool)
    brain[1:-1, 1:-1, 1:-1] = True
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[tumour or (slice(3, 5), slice(3, 5), slice(3, 5))] = 2
    planes = condition_planes(labels, brain, position=True)
    return TrainingCase(to_network(np.where(brain, images, -1).astype(np.float32)), planes)


def symmetric_ramp() -> NDArray[np.float32]:
    """Linear in y, z and the distance from the middle, so that interpolation is exact."""
    x, y, z = np.indices(SHAPE)
    ramp = 0.02 * np.abs(x - (SHAPE[0] - 1) / 2) - 0.03 * y + 0.01 * z
    return np.stack([ramp * (m + 1) for m in range(4)]).astype(np.float32)


def looked_up(mean: torch.Tensor, planes: NDArray[np.float32]) -> NDArray[np.float32]:
    anatomy = Anatomy(4, NODES)
    anatomy.mean.copy_(mean)
    x = torch.cat([torch.zeros(1, 4, *planes.shape[1:]), torch.from_numpy(planes)[None]], dim=1)
    found: NDArray[np.float32] = anatomy(x)[0].numpy()
    return found


def test_one_cases_anatomy_is_found_again_at_its_places() -> None:
    only = case(symmetric_ramp())
    # Next to the tumour a node averages healthy neighbours alone, so it is left out here.
    healthy = only.condition[3] > 0
    healthy[1:7, 1:7, 1:7] = False
    healthy[1:7, 1:7, -7:-1] = False

    found = looked_up(mean_anatomy(Cases((only,)), NODES), only.condition)

    deep = healthy.copy()
    deep[:, :, 5:7] = False  # the ramp has its kink in the middle, between two voxels
    np.testing.assert_allclose(found[:, deep], only.images[:, deep], atol=0.012)


def test_the_mean_is_over_cases_and_knows_no_tumour() -> None:
    low, high = case(np.full((4, *SHAPE), 0.2)), case(np.full((4, *SHAPE), 0.6))
    low.images[:, low.condition[1] > 0] = 1.0

    mean = mean_anatomy(Cases((low, high)), NODES)

    assert mean.shape == (4, *NODES)
    assert float(mean.max()) <= 0.6 + 1e-6
    np.testing.assert_allclose(mean[:, -2, -2, -2].numpy(), 0.4, atol=1e-6)


def test_left_and_right_share_one_anatomy() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, *SHAPE)).astype(np.float32)
    tumour = (slice(3, 5), slice(3, 5), slice(3, 5))
    mirrored = (slice(-5, -3), *tumour[1:])

    here = mean_anatomy(Cases((case(images, tumour),)), NODES)
    there = mean_anatomy(Cases((case(images[:, ::-1], mirrored),)), NODES)

    np.testing.assert_allclose(here.numpy(), there.numpy(), atol=1e-6)


def test_there_is_no_anatomy_outside_the_head() -> None:
    only = case(symmetric_ramp())

    found = looked_up(torch.ones(4, *NODES), only.condition)

    head = only.condition[:4].any(axis=0)
    np.testing.assert_allclose(found[:, head], 1, atol=1e-6)
    assert not found[:, ~head].any()


def test_a_trained_model_carries_its_anatomy(case_folders: dict[str, Path], tmp_path: Path) -> None:
    architecture = ArchitectureCard(
        base_channels=4, multipliers=(1, 2), residual_blocks=1, in_channels=11, anatomy=NODES
    )
    config = TrainConfig(
        architecture=architecture, recipe=Recipe(iterations=1), position=True, expanded=True
    )

    train(
        case_folders,
        config,
        name="small",
        dataset="balls",
        out=tmp_path,
        on_progress=lambda _: None,
    )

    network = load_model(tmp_path).network
    assert network.anatomy is not None
    assert float(network.anatomy.mean.std()) > 0


def test_an_anatomy_needs_places_to_be_looked_up_by() -> None:
    architecture = ArchitectureCard(
        base_channels=4, multipliers=(1, 2), residual_blocks=1, anatomy=NODES
    )

    with pytest.raises(ValidationError, match="only with position"):
        TrainConfig(architecture=architecture)
