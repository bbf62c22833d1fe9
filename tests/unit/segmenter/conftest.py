from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.segmenter.tiny_training import train_tiny

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case, write_images
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.imaging.nifti import write_volume
from syntrust_segmenter.preprocessing.image_entry import ImageEntry

SIDE = 36


def ball(centre: tuple[int, int, int], radius: float, side: int = SIDE) -> NDArray[np.bool_]:
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"))
    offset = grid - np.array(centre)[:, None, None, None]
    return np.asarray((offset**2).sum(0) <= radius**2)


def make_images(labels: NDArray[np.uint8], brain: NDArray[np.bool_], seed: int) -> Any:
    """Four images in which every region differs from the others somewhere."""
    rng = np.random.default_rng(seed)
    contrast = np.array(
        [[1, 0.8, 0.9, 0.9], [1, 0.7, 0.8, 1.6], [1, 2.5, 1.8, 1.9], [1, 1.5, 1.6, 1.7]]
    )
    images = 200 * contrast[:, labels] + rng.normal(0, 10, (4, *labels.shape))
    return np.where(brain, images, 0).astype(np.float32)


def write_case_and_twin(folder: Path, name: str, seed: int) -> Path:
    """Write a canonical case `<name>` and, beside it, its twin `<name>-twin`; the case's folder."""
    brain = ball((18, 18, 18), 15)  # fits into one window
    x = 14 + seed % 5
    labels = np.zeros(brain.shape, np.uint8)
    for value, radius in ((2, 9), (3, 6), (1, 4)):
        labels[ball((x, 18, 18), radius)] = value
    upload = folder / "uploads" / name
    upload.mkdir(parents=True)
    images = dict(zip(MODALITIES, make_images(labels, brain, seed), strict=True))
    volumes = {**images, "seg": labels, "brain": brain.astype(np.uint8)}
    for role, array in volumes.items():
        write_volume(upload / f"{role}.nii.gz", array, np.diag([-1.0, -1.0, 1.0, 1.0]))
    files = {role: upload / f"{role}.nii.gz" for role in volumes}
    case, record = inspect_case(files, scheme="brats2023")
    write_case(case, record, folder / name)
    twin = make_images(labels, brain, seed + 1000) * np.float32(3)
    write_images(twin, case.geometry, folder / f"{name}-twin")
    return folder / name


@pytest.fixture(scope="session")
def case_folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three canonical cases a, b and c with twins."""
    folder = tmp_path_factory.mktemp("segmenter-cases")
    return [write_case_and_twin(folder, name, seed) for seed, name in enumerate("abc")]


@pytest.fixture(scope="session")
def cases(case_folders: list[Path]) -> list[ImageEntry]:
    return [ImageEntry(folder.name, folder) for folder in case_folders[:2]]


@pytest.fixture(scope="session")
def trained(cases: list[ImageEntry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of an undisturbed training."""
    folder = tmp_path_factory.mktemp("segmenter") / "model"
    train_tiny(cases, folder)
    return folder


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(trained, tmp_path / "model"))
