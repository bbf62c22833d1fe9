"""The metrics steps that read the files of other steps, run as a worker runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syntrust_core.cases.model import Case, read_case, write_images
from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import CompareTwin, ScoreCases
from syntrust_core.imaging.nifti import write_volume
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import Outcome, StepHandler, publish_imported, run_step
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_core.testing.casemaker import write_upload
from syntrust_metrics.fidelity.compare import compare_twins
from syntrust_metrics.fidelity.schema import COMPARISON_FILE, TwinComparison
from syntrust_metrics.inspection import inspect
from syntrust_metrics.segmentation.case_metrics import score_case
from syntrust_metrics.segmentation.score_file import SCORES_FILE, ScoreFile
from syntrust_metrics.tasks import compare_twin, score_cases

CASE, PREDICTION = "c" * 64, "a" * 64


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

    def run(self, message: StepMessage, work: StepHandler, name: str) -> bytes:
        outcome = run_step(
            message,
            work,
            store=self.store,
            coordinator=MemoryCoordinator(),
            cache=self.cache,
            scratch=self.scratch,
        )
        assert outcome is Outcome.DONE
        manifest = Manifest.model_validate_json(self.store.get(message.ref.manifest_key))
        return self.store.get(manifest.files[name].key)


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

    written = bench.run(CompareTwin(case=CASE, twins=steps), compare_twin, COMPARISON_FILE)

    assert TwinComparison.model_validate_json(written) == compare_twins(case, twins)


def test_a_scoring_step_reads_labels_and_no_images(bench: Bench) -> None:
    case = bench.case
    predicted = np.roll(case.labels, 1, axis=0)
    path = bench.scratch / "predicted.nii.gz"
    write_volume(path, predicted, case.geometry.affine)
    bench.publish(Kind.PREDICT_CASES, PREDICTION, {f"{CASE}.nii.gz": path})

    written = bench.run(ScoreCases(prediction=PREDICTION, cases=(CASE,)), score_cases, SCORES_FILE)

    expected = score_case(case.labels, predicted, spacing_mm=case.geometry.spacing_mm)
    assert ScoreFile.model_validate_json(written).cases == {CASE: expected}
    assert not (bench.scratch / "cache" / Kind.INSPECT_CASE).exists()
