"""The steps of the metrics queue, run as a worker runs them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from syntrust_core.cases.model import Case, read_case, write_images
from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import CompareTwin, InspectCase, ScoreCases
from syntrust_core.contracts.job_steps import ExportImages
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.imaging.nifti import read_volume, write_volume
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import Outcome, StepHandler, publish_imported, run_step
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_core.testing.casemaker import (
    SHAPE,
    ellipsoid,
    lps_affine,
    make_volumes,
    nifti_bytes,
    write_upload,
)
from syntrust_metrics.fidelity.compare import compare_twins
from syntrust_metrics.fidelity.schema import COMPARISON_FILE, TwinComparison
from syntrust_metrics.inspection import inspect
from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.score_file import SCORES_FILE, ScoreFile
from syntrust_metrics.tasks import compare_twin, export_images, inspect_case, score_cases

CASE, PREDICTION = "c" * 64, "a" * 64
TWIN = Ref(kind=Kind.SYNTHESISE_CASE, id="f" * 64)
BRAIN = ellipsoid(SHAPE, (0.48, 0.52, 0.5), 0.38)


class Bench:
    """A store with one inspected case, and what runs steps over it."""

    def __init__(self, scratch: Path) -> None:
        self.store, self.scratch = MemoryStore(), scratch
        self.cache = InputCache(self.store, scratch / "cache", limit_bytes=1 << 30)
        files = write_upload(scratch / "upload")
        found = inspect(files, scheme="auto", grid="native", folder=scratch / "case")
        self.publish(Kind.INSPECT_CASE, CASE, found.files)

    @property
    def case(self) -> Case:
        return read_case(self.scratch / "case")[0]

    def publish(self, kind: Kind, step: str, files: dict[str, Path]) -> None:
        publish_imported(self.store, Ref(kind=kind, id=step), files)

    def run(self, message: StepMessage, work: StepHandler) -> Manifest:
        outcome = run_step(
            message,
            work,
            store=self.store,
            coordinator=MemoryCoordinator(),
            cache=self.cache,
            scratch=self.scratch,
        )
        assert outcome is Outcome.DONE
        return Manifest.model_validate_json(self.store.get(message.ref.manifest_key))

    def run_and_read(self, message: StepMessage, work: StepHandler, name: str) -> bytes:
        return self.store.get(self.run(message, work).files[name].key)

    def upload_mask(self, brain: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> InspectCase:
        contents = {
            "seg": nifti_bytes(make_volumes()["seg"], lps_affine()),
            "brain": nifti_bytes(brain, lps_affine()),
        }
        files = {}
        for role, content in contents.items():
            digest = hashlib.sha256(content).hexdigest()
            self.store.put(f"uploads/{digest}", content)
            files[role] = {
                "key": f"uploads/{digest}",
                "bytes": len(content),
                "sha256": digest,
            }
        request = {"files": files, "scheme": "auto", "grid": "native", "purpose": "mask"}
        return InspectCase.model_validate(request)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_comparison_step_publishes_what_comparing_measures(bench: Bench) -> None:
    case = bench.case
    noise = np.random.default_rng(0).normal(0, 50, (2, *case.images.shape))
    twins = [np.where(case.brain, case.images + one, -1).astype(np.float32) for one in noise]
    steps = ("d" * 64, "e" * 64)
    for step, twin in zip(steps, twins, strict=True):
        paths = write_images(twin, case.geometry, bench.scratch / step[:1])
        bench.publish(Kind.SYNTHESISE_CASE, step, {path.name: path for path in paths.values()})

    request = CompareTwin(case=CASE, twins=steps)
    written = bench.run_and_read(request, compare_twin, COMPARISON_FILE)

    assert TwinComparison.model_validate_json(written) == compare_twins(case, twins)


def test_a_scoring_step_reads_labels_and_no_images(bench: Bench) -> None:
    case = bench.case
    predicted = np.roll(case.labels, 1, axis=0)
    path = bench.scratch / "predicted.nii.gz"
    write_volume(path, predicted, case.geometry.affine)
    bench.publish(Kind.PREDICT_CASES, PREDICTION, {f"{CASE}.nii.gz": path})

    written = bench.run_and_read(
        ScoreCases(prediction=PREDICTION, cases=(CASE,)), score_cases, SCORES_FILE
    )

    expected = score_case(case.labels, predicted, spacing_mm=case.geometry.spacing_mm)
    assert ScoreFile.model_validate_json(written).cases == {CASE: expected}
    assert not (bench.scratch / "cache" / Kind.INSPECT_CASE).exists()


def test_a_twin_comes_back_with_its_origin_and_the_record_of_its_mask(
    bench: Bench, tmp_path: Path
) -> None:
    inspect = bench.upload_mask(BRAIN.astype(np.uint8))
    bench.run(inspect, inspect_case)
    case, _ = read_case(bench.cache.folder(inspect.ref))
    images = np.where(case.brain, np.float32(0.5), np.float32(-2))[None].repeat(4, axis=0)
    paths = write_images(images, case.geometry, tmp_path / "twin")
    origin = tmp_path / "twin" / "twin.json"
    origin.write_text('{"background": -2}')
    files = {path.name: path for path in (*paths.values(), origin)}
    publish_imported(bench.store, TWIN, files)

    manifest = bench.run(ExportImages(case=inspect.step_id, twin=TWIN.id), export_images)

    assert set(manifest.files) == {*(f"{r}.nii.gz" for r in MODALITIES), "twin.json", "case.json"}
    (tmp_path / "back.nii.gz").write_bytes(bench.store.get(manifest.files["t2.nii.gz"].key))
    voxels, affine = read_volume(tmp_path / "back.nii.gz")
    np.testing.assert_allclose(affine, lps_affine(), atol=1e-6)
    np.testing.assert_array_equal(voxels, np.where(BRAIN, np.float32(0.5), np.float32(-2)))


def test_a_mask_that_is_refused_publishes_its_reasons_and_no_case(bench: Bench) -> None:
    manifest = bench.run(bench.upload_mask(np.zeros(SHAPE, np.uint8)), inspect_case)

    assert set(manifest.files) == {"problems.json"}
    (problem,) = json.loads(bench.store.get(manifest.files["problems.json"].key))
    assert (problem["file"], problem["field"]) == ("brain", "brain")
