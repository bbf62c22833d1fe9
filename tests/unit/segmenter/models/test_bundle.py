from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.unit.segmenter.tiny_training import Progress, train_tiny

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import Conflict
from syntrust_core.imaging.nifti import read_volume
from syntrust_segmenter.compute import ComputeConfig
from syntrust_segmenter.inference.prediction_set import PredictionJob, write_predictions
from syntrust_segmenter.models.bundle import export_bundle, export_zip
from syntrust_segmenter.portable.steps import find_cases
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry

# Read by every Python that starts with its folder on the path: a bundle needs nothing of the
# platform.
ALONE = """
import sys


class Alone:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("syntrust"):
            raise ImportError(name)


sys.meta_path.insert(0, Alone())
"""
RUN = "-m monai.bundle run --config_file configs/inference.json --dataset_dir cases"


@pytest.mark.slow
def test_the_bundle_predicts_the_same_label_maps_without_the_platform(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    model, bundle = tmp_path / "model", tmp_path / "bundle"
    train_tiny(cases, model, iterations=3, overrides={"learning_rate": 0.01})
    cache = PreparedCache(tmp_path / "prepared", limit_bytes=1 << 30)
    compute = ComputeConfig(threads=1, device="cpu")
    job = PredictionJob(cache, Progress(), compute=compute)
    ours = write_predictions(model, cases[:1], job, out=tmp_path / "out")

    export_bundle(model, bundle)
    (bundle / "cases" / "a").mkdir(parents=True)
    for name in (*MODALITIES, "brain"):
        shutil.copy(cases[0].folder / f"{name}.nii.gz", bundle / "cases" / "a")
    (tmp_path / "sitecustomize.py").write_text(ALONE)
    alone = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *RUN.split()], cwd=bundle, env=alone, check=True)

    expected, affine = read_volume(ours["a.nii.gz"])
    found, frame = read_volume(bundle / "label_maps" / "a_seg.nii.gz")
    assert (expected > 0).any()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(frame, affine)


def test_a_bundle_carries_its_card_and_says_what_it_takes(trained: Path, tmp_path: Path) -> None:
    export_bundle(trained, tmp_path / "bundle")

    metadata = json.loads((tmp_path / "bundle" / "configs" / "metadata.json").read_text())
    inputs = metadata["network_data_format"]["inputs"]["image"]
    assert list(inputs["channel_def"].values()) == list(MODALITIES)
    card = (trained / "MODEL_CARD.md").read_bytes()
    assert (tmp_path / "bundle" / "docs" / "README.md").read_bytes() == card


def test_a_bundle_is_not_written_over_another_folder(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="name another folder"):
        export_bundle(trained, tmp_path)


def test_a_zipped_bundle_is_the_bundle_and_the_same_bytes_each_time(
    trained: Path, tmp_path: Path
) -> None:
    first, second = (export_zip(trained, tmp_path / name / "bundle") for name in "ab")

    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        archive.extractall(tmp_path / "out")
    whole, out = tmp_path / "a" / "bundle", tmp_path / "out" / "bundle"
    names = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert all((out / name).read_bytes() == (whole / name).read_bytes() for name in names)
    assert len(names) == len([path for path in out.rglob("*") if path.is_file()])


def test_a_bundle_names_what_a_case_lacks(tmp_path: Path) -> None:
    for path in ("whole/t1", "whole/t2", "notes/read", "partial/t1"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / f"{path}.nii.gz").touch()

    with pytest.raises(FileNotFoundError, match=r"partial lacks t2\.nii\.gz"):
        find_cases(str(tmp_path), ["t1", "t2"])

    (tmp_path / "partial" / "t1.nii.gz").unlink()
    (case,) = find_cases(str(tmp_path), ["t1", "t2"])
    assert case["t2"] == str(tmp_path / "whole" / "t2.nii.gz")


def test_a_folder_without_cases_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no case: a folder with t1\.nii\.gz"):
        find_cases(str(tmp_path), ["t1"])
