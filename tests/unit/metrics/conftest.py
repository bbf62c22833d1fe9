"""One made-up experiment that results, figures and report are tested on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from syntrust_core.contracts.case_record import CanonicalFrame, CaseRecord, Problem, UploadedFrame
from syntrust_core.contracts.report import (
    BuildReport,
    ReportCase,
    ReportControl,
    ReportRun,
    ReportTraining,
)
from syntrust_metrics.figures import TwinPair
from syntrust_metrics.segmentation.score_file import CaseScore, ScoreFile

SHA = "0" * 64
TRAIN = tuple(f"train-{i}" for i in range(4))


def step(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def report_case(name: str, part: str, *, seen: bool = False) -> ReportCase:
    return ReportCase.model_validate(
        {
            "id": name,
            "group": None,
            "case": step("case", name),
            "twin": step("twin", name),
            "part": part,
            "seen": seen,
        }
    )


def run_of(alpha: str, seed: int, *, again: bool = False) -> ReportRun:
    real = round(float(alpha) * len(TRAIN))
    order = np.random.default_rng(seed).permutation(TRAIN).tolist()
    return ReportRun(
        alpha=alpha,
        seed=seed,
        real_ids=tuple(order[:real]),
        synthetic_ids=tuple(order[real:]),
        model=step("model", real, seed),
        score_real=step("real", real, seed),
        score_synthetic=step("synthetic", real, seed),
        score_again=step("again", real, seed) if again else None,
    )


def controls_of(runs: tuple[ReportRun, ...]) -> tuple[ReportControl, ...]:
    """Every kind of control of some runs; at α = 1 they are the runs themselves."""
    names: dict[str, list[ReportRun]] = {}
    for run in runs:
        names.setdefault(run.alpha, []).append(run)
    arms = [control_of(name, a, own) for name in PER_ALPHA for a, own in names.items()]
    return (*arms, control_of("real_plus_twins", None, next(iter(names.values()))))


PER_ALPHA = ("shuffled_masks", "augmentation_only", "real_only")


def control_of(name: str, alpha: str | None, runs: list[ReportRun]) -> ReportControl:
    if alpha == "0" and name != "shuffled_masks":
        reason = "α = 0 has no real image"
        return ReportControl.model_validate({"control": name, "alpha": alpha, "reason": reason})
    own = [run if alpha == "1" else trained_otherwise(name, alpha, run) for run in runs]
    trainings = [
        ReportTraining(**{field: getattr(run, field) for field in ReportTraining.model_fields})
        for run in own
    ]
    return ReportControl.model_validate(
        {"control": name, "alpha": alpha, "iterations": 80, "trainings": trainings}
    )


def trained_otherwise(name: str, alpha: str | None, run: ReportRun) -> ReportRun:
    every = {"real_ids": TRAIN, "synthetic_ids": TRAIN} if alpha is None else {}
    alone = {"synthetic_ids": ()} if name in ("real_only", "augmentation_only") else {}
    steps = ("model", "score_real", "score_synthetic")
    other = {each: step(each, name, alpha, run.seed) for each in steps}
    return run.model_copy(update={**other, **every, **alone})


@dataclass(frozen=True)
class Experiment:
    request: BuildReport
    scores: dict[str, ScoreFile]


ExperimentMaker = Callable[..., Experiment]


def make_experiment(
    alphas: tuple[str, ...] = ("0", "0.5", "1"),
    seeds: tuple[int, ...] = (0,),
    test: int = 12,
    seen: int = 0,
    *,
    again: bool = False,
    controls: bool = False,
) -> Experiment:
    cases = [report_case(name, "train") for name in TRAIN]
    cases += [report_case(f"test-{i:02d}", "test", seen=i < seen) for i in range(test)]
    runs = tuple(run_of(alpha, seed, again=again) for alpha in alphas for seed in seeds)
    request = BuildReport(
        dataset=step("dataset"),
        cases=tuple(cases),
        runs=runs,
        settings={},
        controls=controls_of(runs) if controls else (),
        origin="patients",
    )
    return Experiment(request, scores_of(request))


def scores_of(request: BuildReport) -> dict[str, ScoreFile]:
    test = [case for case in request.cases if case.part == "test"]
    files = {}
    for name in (name for each in request.trainings for name in each.scores):
        rng = np.random.default_rng(int(name[:8], 16))
        files[name] = ScoreFile(cases={case.case: score(rng) for case in test})
    return files


def score(rng: np.random.Generator) -> CaseScore:
    volumes = {"ET": 1.0, "ED": 2.0, "NCR": 3.0}
    return CaseScore(
        dice=dict(zip(volumes, rng.beta(5, 2, 3).tolist(), strict=True)),
        nested=dict(zip(("TC", "WT"), rng.beta(6, 2, 2).tolist(), strict=True)),
        reference_ml=volumes,
        predicted_ml=volumes,
        volume_difference_ml=dict.fromkeys(volumes, 0.0),
        sensitivity=dict(zip(volumes, rng.beta(5, 2, 3).tolist(), strict=True)),
        precision=dict(zip(volumes, rng.beta(5, 2, 3).tolist(), strict=True)),
        hd95_mm=dict(zip(volumes, rng.gamma(2, 3, 3).tolist(), strict=True)),
        surface_dice=dict(zip(volumes, rng.beta(5, 2, 3).tolist(), strict=True)),
        lesion_dice=dict(zip(volumes, rng.beta(5, 2, 3).tolist(), strict=True)),
    )


def record(ncr: float, ed: float, et: float, *warnings: Problem) -> CaseRecord:
    volumes = {"ET": et, "ED": ed, "NCR": ncr}
    voxels = {region: int(volume * 1000) for region, volume in volumes.items()}
    rows = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    return CaseRecord.model_validate(
        {
            "requested_scheme": "auto",
            "scheme": {"NCR": 1, "ED": 2, "ET": 3},
            "uploaded": UploadedFrame(
                shape=(9, 9, 9), affine=rows, axis_codes="LPS", sform_code=1, qform_code=1
            ),
            "canonical": CanonicalFrame(
                shape=(9, 9, 9), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0)
            ),
            "resampling": "none",
            "brain_source": "file",
            "background": {},
            "uploaded_digests": {},
            "digests": {"labels": SHA},
            "fingerprint": SHA,
            "brain_ml": 1.0,
            "region_voxels": voxels,
            "region_volumes_ml": volumes,
            "uploaded_region_voxels": voxels,
            "uploaded_region_volumes_ml": volumes,
            "tumour_voxels_outside_grid": 0,
            "warnings": warnings,
        }
    )


def make_records(made: Experiment) -> dict[str, CaseRecord]:
    return {
        case.case: record(1.0 + i, 2.0 + i, 0.0 if i % 4 == 0 else 1.0)
        for i, case in enumerate(made.request.cases)
    }


def make_pair(
    name: str = "case", spacing_mm: tuple[float, float, float] = (3.0, 3.0, 3.0)
) -> TwinPair:
    """Give a box brain whose left half (high x) is bright, with a tumour at levels 4 to 6."""
    brain = np.zeros((20, 24, 10), bool)
    brain[4:16, 3:21, 1:9] = True
    image = np.where(brain, 1.0, 0.0)
    image[10:16] *= 3.0
    labels = np.zeros(brain.shape, np.uint8)
    labels[11:14, 8:12, 4:7] = 2
    labels[12, 9:11, 5] = (1, 3)
    labels[11, 8, 5] = 3
    images = np.stack([image + i for i in range(4)]).astype(np.float32)
    return TwinPair(name, images, images * 2, labels, brain, spacing_mm)


@pytest.fixture(scope="session")
def experiment() -> ExperimentMaker:
    """Give `experiment(alphas=..., seeds=..., test=..., seen=..., again=..., controls=...)`."""
    return make_experiment


@pytest.fixture(scope="session")
def case_record() -> Callable[..., CaseRecord]:
    """Give the maker: volumes of NCR, ED and ET in ml, then warnings."""
    return record


@pytest.fixture(scope="session")
def records_of() -> Callable[[Experiment], dict[str, CaseRecord]]:
    """Give the maker of the records of an experiment's cases; every fourth has no ET."""
    return make_records


@pytest.fixture(scope="session")
def pair() -> Callable[..., TwinPair]:
    """Give the maker of a case with its twin: `pair(name, spacing_mm)`."""
    return make_pair
