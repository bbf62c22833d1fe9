"""A segmenter that an experiment trained, used on images of somebody's own: the whole platform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from tests.e2e.conftest import Platform
from tests.e2e.test_experiment import ALPHAS, SMALLEST, WAIT_S

from syntrust import Client, JobFailed, Refused
from syntrust_core.imaging.nifti import read_volume

MODALITIES = ("t1", "t1ce", "t2", "flair")
_load: Callable[..., Any] = nib.load


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[Client]:
    with platform.client() as client:
        yield client


@pytest.fixture(scope="module")
def model(client: Client, dataset: str) -> str:
    """The name of the segmenter that was trained on real images alone."""
    posted = client.experiments.create(dataset, ALPHAS, **SMALLEST)
    client.experiments.wait(posted["id"], timeout_s=WAIT_S)
    listed: list[Any] = list(client.models.list("segmenter"))
    made = {tuple(model["made_by"]["alphas"]): model["name"] for model in listed}
    name: str = made[1.0,]
    return name


@pytest.fixture(scope="module")
def case(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four images of a phantom, cropped and turned to a frame that is nobody's but theirs."""
    folder = tmp_path_factory.mktemp("case") / "p1"
    folder.mkdir()
    source = min(cohort.glob("phantom-*"))
    for role in MODALITIES:
        turned = _load(next(source.glob(f"*{role}.nii.gz"))).slicer[2:, 1:-1, 3:]
        turned = turned.as_reoriented(np.array([[1, -1], [0, 1], [2, 1]]))
        nib.save(turned, folder / f"p1_{role}.nii.gz")
    return folder


def test_a_case_is_segmented_on_its_own_grid_by_one_command(
    platform: Platform, client: Client, model: str, case: Path, tmp_path: Path
) -> None:
    told = subprocess.run(
        [
            *(sys.executable, "-m", "syntrust", "segment", str(case), "--model", model),
            *("--scheme", "brats2021", "--probabilities", "--out", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "SYNTRUST_URL": str(platform.run()["url"]),
            "SYNTRUST_KEY_FILE": str(platform.folder / "credentials.json"),
        },
    )

    assert told.returncode == 0, told.stderr
    labels, affine = read_volume(tmp_path / "seg.nii.gz")
    t1, frame = read_volume(case / "p1_t1.nii.gz")
    found = json.loads((tmp_path / "segmentation.json").read_text())
    chances = [read_volume(path)[0] for path in sorted(tmp_path.glob("p-*.nii.gz"))]
    np.testing.assert_allclose(affine, frame)
    assert labels.shape == t1.shape
    assert not labels[t1 == t1[0, 0, 0]].any()
    assert found["labels"] == {"ET": 4, "ED": 2, "NCR": 1}
    assert found["volumes_ml"]["ED"] == pytest.approx(np.count_nonzero(labels == 2) * 0.027)
    np.testing.assert_allclose(np.sum(chances, axis=0), 1, atol=1e-5)


def test_a_registered_case_is_segmented_by_its_id(client: Client, model: str, dataset: str) -> None:
    named = client.datasets.get(dataset)["cases"][0]["id"]

    job = client.jobs.segment_registered(dataset, named, model)["id"]
    client.jobs.wait(job, timeout_s=WAIT_S)

    result: Any = client.jobs.result(job)
    assert result["model"]["kind"] == "train_segmenter"
    assert "seg.nii.gz" in client.jobs.get(job)["files"]


def test_images_that_share_no_grid_are_refused_with_the_file_that_differs(
    client: Client, model: str, case: Path, tmp_path: Path
) -> None:
    other = tmp_path / "p2"
    other.mkdir()
    for role in MODALITIES:
        image = _load(case / f"p1_{role}.nii.gz")
        nib.save(image.slicer[1:] if role == "t2" else image, other / f"p2_{role}.nii.gz")

    job = client.jobs.segment(other, model)["id"]

    with pytest.raises(JobFailed, match="t2: Shape"):
        client.jobs.wait(job, timeout_s=WAIT_S)


def test_a_generator_segments_nothing(client: Client, case: Path) -> None:
    with pytest.raises(Refused, match="tiny is a generator; a segmenter is needed here"):
        client.jobs.segment(case, "tiny")


def test_a_segmenter_is_told_downloaded_and_exported(
    client: Client, model: str, tmp_path: Path
) -> None:
    state: Any = client.models.get(model)
    files = client.models.download(model, tmp_path / "model")
    job = client.models.export(model)["id"]
    client.jobs.wait(job, timeout_s=WAIT_S)
    bundle = client.jobs.download(job, tmp_path / "bundle")["bundle.zip"]

    experiment = state["made_by"]["experiment"]
    predicted = client.experiments.predictions(experiment, model, tmp_path / "predicted")

    assert {path.name[:7] for path in predicted.values()} == {"phantom", "predict"}
    assert state["history"]["iterations"] == SMALLEST["segmenter"]["iterations"]
    assert len(state["training"]["cases"]) == state.get("seen_cases") == 4
    assert all(seen["id"].startswith("phantom-") for seen in state["training"]["cases"])
    assert files["MODEL_CARD.md"].read_text().startswith("# SwinUNETR")
    assert "bundle/configs/inference.json" in zipfile.ZipFile(bundle).namelist()
