"""One case segmented for somebody: on the grid, in the frame and in the labels of the upload."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.unit.segmenter.conftest import ball, make_images
from tests.unit.segmenter.tiny_training import Progress, train_tiny

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case
from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.job_results import SegmentationRecord
from syntrust_core.contracts.vocabulary import LABELS, MODALITIES, REGIONS, Scheme
from syntrust_core.errors import Cancelled, InvalidRequest
from syntrust_core.imaging.nifti import read_volume, write_volume
from syntrust_segmenter.inference.prediction_set import (
    CLASS_NAMES,
    PredictionJob,
    write_predictions,
)
from syntrust_segmenter.inference.segmentation import segment
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry

pytestmark = pytest.mark.numeric

MODEL = Ref(kind=Kind.TRAIN_SEGMENTER, id="c" * 64)
RAS = np.diag([1.0, 1.0, 1.0, 1.0])
GRID = Grid(shape=(36, 36, 36), spacing_mm=(1.0, 1.0, 1.0))


@pytest.fixture(scope="session")
def able(cases: list[ImageEntry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that finds something."""
    folder = tmp_path_factory.mktemp("able") / "model"
    train_tiny(cases, folder, iterations=3, overrides={"learning_rate": 0.01})
    return folder


def images_alone(folder: Path, *, scheme: Scheme = "brats2021", grid: Grid = GRID) -> Path:
    """Four images of a case that nobody has trained on, in RAS and with a margin; inspected."""
    brain = ball((18, 18, 18), 15)
    labels = np.zeros(brain.shape, np.uint8)
    for value, radius in ((2, 9), (3, 6), (1, 4)):
        labels[ball((15, 18, 18), radius)] = value
    upload = folder / "upload"
    upload.mkdir(parents=True)
    for role, image in zip(MODALITIES, make_images(labels, brain, 9), strict=True):
        write_volume(upload / f"{role}.nii.gz", np.pad(image, 2), RAS)
    files: dict[str, Path] = {role: upload / f"{role}.nii.gz" for role in MODALITIES}
    case, record = inspect_case(files, scheme=scheme, grid=grid, purpose="images")
    write_case(case, record, folder / "case")
    return folder / "case"


def run(
    model: Path,
    case: Path,
    out: Path,
    *,
    probabilities: bool = False,
    report: Progress | None = None,
) -> dict[str, Path]:
    cache = PreparedCache(out.parent / "prepared", limit_bytes=1 << 30)
    job = PredictionJob(cache, report or Progress(), probabilities)
    return segment(model, case, job, model=MODEL, out=out)


@pytest.mark.parametrize("scheme", ["brats2021", "med_ddpm"])
def test_a_label_map_comes_back_on_the_uploads_grid_and_in_the_labels_that_were_named(
    able: Path, tmp_path: Path, scheme: Scheme
) -> None:
    case = images_alone(tmp_path, scheme=scheme)

    paths = run(able, case, tmp_path / "out")

    labels, affine = read_volume(paths["seg.nii.gz"])
    t1, _ = read_volume(tmp_path / "upload" / "t1.nii.gz")
    record = SegmentationRecord.model_validate_json(paths["segmentation.json"].read_bytes())
    np.testing.assert_allclose(affine, RAS)
    assert labels.shape == (40, 40, 40)
    assert not labels[t1 == 0].any()
    assert set(np.unique(labels).tolist()) <= {0, *record.labels.values(), 4}
    assert record.labels["ET"] == (4 if scheme == "brats2021" else 3)
    assert (labels[t1 != 0] != 0).all() == (scheme == "med_ddpm")


def test_the_record_holds_volumes_of_the_file_and_how_sure_the_model_is(
    able: Path, tmp_path: Path
) -> None:
    paths = run(able, images_alone(tmp_path), tmp_path / "out")

    labels, _ = read_volume(paths["seg.nii.gz"])
    record = SegmentationRecord.model_validate_json(paths["segmentation.json"].read_bytes())
    assert sum(record.voxels.values()) > 0
    for region in REGIONS:
        voxels = np.count_nonzero(labels == record.labels[region])
        entropy = record.entropy[region]
        assert record.voxels[region] == voxels
        assert record.volumes_ml[region] == pytest.approx(voxels / 1000)
        assert (entropy is None) == (voxels == 0)
        assert entropy is None or 0 < entropy <= math.log(4)
    assert record.model == MODEL


def test_probabilities_agree_with_the_label_map_and_background_is_certain_around_the_brain(
    able: Path, tmp_path: Path
) -> None:
    paths = run(able, images_alone(tmp_path), tmp_path / "out", probabilities=True)

    chances = np.stack([read_volume(paths[f"p-{name}.nii.gz"])[0] for name in CLASS_NAMES])
    labels, _ = read_volume(paths["seg.nii.gz"])
    values = [0, *(4 if region == "ET" else value for region, value in LABELS.items())]
    np.testing.assert_allclose(chances.sum(0), 1, atol=1e-5)
    np.testing.assert_array_equal(np.array(values)[chances.argmax(0)], labels)
    assert (chances[0, :2] == 1).all()


def test_a_case_with_a_mask_is_segmented_as_an_experiment_predicts_it(
    able: Path, cases: list[ImageEntry], tmp_path: Path
) -> None:
    cache = PreparedCache(tmp_path / "prepared", limit_bytes=1 << 30)
    expected = write_predictions(
        able, cases[:1], PredictionJob(cache, Progress()), out=tmp_path / "labels"
    )

    paths = run(able, cases[0].folder, tmp_path / "out")

    ours, theirs = (read_volume(path)[0] for path in (paths["seg.nii.gz"], expected["a.nii.gz"]))
    np.testing.assert_array_equal(ours, theirs)


def test_a_segmentation_tells_its_windows_as_it_goes(able: Path, tmp_path: Path) -> None:
    told = Progress()

    run(able, images_alone(tmp_path), tmp_path / "out", report=told)

    windows = [detail["windows"] for detail in told.details if "windows" in detail]
    assert windows == list(range(1, len(windows) + 1))
    assert (told.done[0], told.done[-1]) == (0, 1)


def test_a_segmentation_can_be_stopped_between_its_windows(able: Path, tmp_path: Path) -> None:
    stopped = Progress(stop_at=0)

    with pytest.raises(Cancelled):
        run(able, images_alone(tmp_path), tmp_path / "out", report=stopped)

    assert not (tmp_path / "out").exists()


def test_weights_of_another_model_are_refused_and_nothing_is_written(
    model: Path, tmp_path: Path
) -> None:
    config = (model / "config.json").read_text()
    (model / "config.json").write_text(config.replace('"feature_size": 12', '"feature_size": 24'))

    with pytest.raises(InvalidRequest, match="weights are those of another network"):
        run(model, images_alone(tmp_path), tmp_path / "out")

    assert not (tmp_path / "out").exists()
