"""One made-up experiment that results, figures and report are tested on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from syntrust_core.contracts import BuildReport, ReportCase, ReportRun
from syntrust_metrics.scores import CaseScore, ScoreFile

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
) -> Experiment:
    cases = [report_case(name, "train") for name in TRAIN]
    cases += [report_case(f"test-{i:02d}", "test", seen=i < seen) for i in range(test)]
    runs = tuple(run_of(alpha, seed, again=again) for alpha in alphas for seed in seeds)
    request = BuildReport(dataset=step("dataset"), cases=tuple(cases), runs=runs, settings={})
    return Experiment(request, scores_of(request))


def scores_of(request: BuildReport) -> dict[str, ScoreFile]:
    test = [case for case in request.cases if case.part == "test"]
    files = {}
    for name in (name for run in request.runs for name in run.scores):
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


@pytest.fixture(scope="session")
def experiment() -> ExperimentMaker:
    """Give the maker: `experiment(alphas=..., seeds=..., test=..., seen=..., again=...)`."""
    return make_experiment
