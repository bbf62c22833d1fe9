from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from tests.unit.generator.tiny_generator import train_tiny

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case
from syntrust_core.imaging.nifti import write_volume
from syntrust_generator.checkpoints.store import Generator, load_model
from syntrust_generator.synthesis.determinism import reproducible

SHAPE = (16, 24, 16)
AFFINE = np.diag([-3.0, -3.0, 3.0, 1.0])


def one_deterministic_thread() -> AbstractContextManager[None]:
    """So that equal trainings give equal bits."""
    return reproducible(threads=1)


@pytest.fixture(autouse=True)
def _repeatable() -> Iterator[None]:
    with one_deterministic_thread():
        yield


@pytest.fixture(scope="session")
def one_thread() -> Callable[[], AbstractContextManager[None]]:
    """The same for fixtures of the session, which are made before any of a test."""
    return one_deterministic_thread


def write_upload(folder: Path, *, seed: int) -> dict[str, Path]:
    """A brain-sized ball with a tumour of three shells, brighter in some modalities."""
    rng = np.random.default_rng(seed)
    centre = np.array(SHAPE)[:, None, None, None] / 2 - 0.5
    radius = np.linalg.norm(
        (np.indices(SHAPE) - centre) / np.array([7, 11, 7]).reshape(3, 1, 1, 1), axis=0
    )
    brain = radius < 1
    labels = np.zeros(SHAPE, dtype=np.uint8)
    for label, reach in ((2, 0.6), (3, 0.45), (1, 0.3)):
        labels[radius < reach] = label
    folder.mkdir(parents=True)
    files: dict[str, Path] = {}
    for index, role in enumerate(("t1", "t1ce", "t2", "flair")):
        image = 100 + 20 * labels * index + rng.normal(0, 5, SHAPE)
        files[role] = folder / f"{role}.nii.gz"
        write_volume(files[role], np.where(brain, image, 0).astype(np.float32), AFFINE)
    files["seg"] = folder / "seg.nii.gz"
    write_volume(files["seg"], labels, AFFINE)
    return files


@pytest.fixture(scope="session")
def case_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two canonical cases on a grid of 16 x 24 x 16 voxels of 3 mm."""
    root = tmp_path_factory.mktemp("cases")
    folders = {}
    for seed in range(2):
        case, record = inspect_case(write_upload(root / f"upload-{seed}", seed=seed))
        folders[f"ball-{seed}"] = root / f"ball-{seed}"
        write_case(case, record, folders[f"ball-{seed}"])
    return folders


@pytest.fixture
def upload_folder(tmp_path: Path) -> Path:
    """A folder of one uploaded case, as the command reads it."""
    write_upload(tmp_path / "uploads" / "ball-0", seed=0)
    return tmp_path / "uploads"


@pytest.fixture(scope="session")
def model_folder(
    case_folders: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    one_thread: Callable[[], AbstractContextManager[None]],
) -> Path:
    """A model trained on both cases."""
    folder = tmp_path_factory.mktemp("model")
    with one_thread():
        train_tiny(case_folders, folder)
    return folder


@pytest.fixture
def generator(model_folder: Path) -> Generator:
    return load_model(model_folder)


@pytest.fixture
def case_folder(case_folders: dict[str, Path]) -> Path:
    return case_folders["ball-0"]
