from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.unit.segmenter.tiny_training import Progress, with_twin

from syntrust_core.cases.model import read_case
from syntrust_core.contracts.vocabulary import LABELS
from syntrust_core.errors import InvalidRequest
from syntrust_core.imaging.nifti import read_volume
from syntrust_segmenter.inference.prediction_set import (
    PredictionJob,
    PredictionRecord,
    write_predictions,
)
from syntrust_segmenter.models.store import load_model
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry

pytestmark = pytest.mark.numeric


def run(
    model: Path, entries: list[ImageEntry], out: Path, *, probabilities: bool = False
) -> dict[str, Path]:
    cache = PreparedCache(out.parent / "prepared", limit_bytes=1 << 30)
    return write_predictions(
        model, entries, PredictionJob(cache, Progress(), probabilities), out=out
    )


def test_predictions_lie_on_the_grid_of_the_case_and_within_its_brain(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    paths = run(trained, cases, tmp_path / "out")

    case, _ = read_case(cases[0].folder)
    labels, affine = read_volume(paths["a.nii.gz"])
    assert labels.shape == case.labels.shape
    assert labels.dtype == np.uint8
    assert (labels[~case.brain] == 0).all()
    np.testing.assert_allclose(affine, case.geometry.affine)
    assert set(paths) == {"a.nii.gz", "b.nii.gz", "predictions.json"}


def test_a_twin_is_predicted_from_its_own_images(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    real, twin = (
        run(trained, [view], tmp_path / view.view)["a.nii.gz"]
        for view in (cases[0], with_twin(cases[0]))
    )

    assert (read_volume(real)[0] != read_volume(twin)[0]).any()


def test_the_record_says_how_sure_each_label_map_is(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    paths = run(trained, [cases[0], with_twin(cases[1])], tmp_path / "out")

    record = PredictionRecord.model_validate_json(paths["predictions.json"].read_bytes())
    assert record.weights_digest == load_model(trained).card.weights_digest
    assert {name: image.image for name, image in record.images.items()} == {
        "a": "real",
        "b": "twin",
    }
    for name, image in record.images.items():
        labels = read_volume(paths[f"{name}.nii.gz"])[0]
        for region, value in LABELS.items():
            assert image.voxels[region] == np.count_nonzero(labels == value)
            entropy = image.entropy[region]
            assert (entropy is None) == (image.voxels[region] == 0)
            assert entropy is None or 0 < entropy <= math.log(4)


def test_probabilities_are_written_on_request(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    paths = run(trained, cases[:1], tmp_path / "out", probabilities=True)

    names = ("background", "NCR", "ED", "ET")
    chances = np.stack([read_volume(paths[f"a.p-{name}.nii.gz"])[0] for name in names])
    np.testing.assert_allclose(chances.sum(0), 1, atol=1e-5)
    np.testing.assert_array_equal(chances.argmax(0), read_volume(paths["a.nii.gz"])[0])


def test_nothing_to_predict_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no image"):
        run(trained, [], tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_twin_without_any_image_is_named(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "twin"
    empty.mkdir()

    with pytest.raises(InvalidRequest, match="twin of case a lacks t1, t1ce, t2, flair"):
        run(trained, [ImageEntry("a", cases[0].folder, empty)], tmp_path / "out")


def test_a_model_trained_before_the_heads_had_a_choice_still_predicts(
    cases: list[ImageEntry], trained: Path, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(trained, tmp_path / "old"))
    card = json.loads((old / "config.json").read_text())
    for name in ("training_digest", "start", "versions"):
        del card[name]
    for name in ("head", "ema", "deterministic", "mirrored_inference"):
        del card["config"][name]
    (old / "config.json").write_text(json.dumps(card))

    one, other = (run(m, cases[:1], tmp_path / m.name)["a.nii.gz"] for m in (old, trained))

    assert one.read_bytes() == other.read_bytes()
