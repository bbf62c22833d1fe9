"""The results of a small made-up study, as a platform would give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.unit.metrics.conftest import make_experiment

from syntrust.bodies import AnyResults
from syntrust_metrics.experiment.results import build_results as build_experiment_results
from syntrust_standalone.study.results_file import CaseVolumes, StudyResults, build_results
from syntrust_standalone.study.spec import Study

PICTURE = b"\x89PNG of figure 2"
SMALL: dict[str, Any] = {
    "study": 1,
    "name": "small",
    "title": "A small study",
    "dataset": {"kind": "phantoms", "seed": 3},
    "split": {"train": 4, "validation": 0, "test": 12, "seed": None},
    "generator": {},
    "segmenter": {"iterations": 5},
    "experiments": [
        {"name": "mixes", "alphas": [0, 0.5, 1], "seeds": [0, 1, 2]},
        {"name": "controls", "alphas": [0, 1], "seeds": [0], "controls": ["shuffled_masks"]},
    ],
    "cost": {"steps": 9, "device_hours": None, "basis": "nothing was measured"},
}
STEPS = {
    "synthesise_case": ("a", 36.0),
    "train_segmenter": ("b", 360.0),
    "build_report": ("c", 1.0),
}


def found_by(alphas: tuple[str, ...], seeds: tuple[int, ...], **also: bool) -> AnyResults:
    """One experiment's results as the API gives them, its first step on a named machine."""
    made = make_experiment(alphas, seeds, **also)
    results = build_experiment_results(made.request, made.scores)
    parts = {
        part: [case.id for case in made.request.cases if case.part == part]
        for part in ("train", "validation", "test")
    }
    generator = {"name": "tiny", "steps": 10, "sampler": "dpm++2m", "twins": 1}
    spec = {
        **parts,
        "dataset": "an id",
        "alphas": list(alphas),
        "seeds": list(seeds),
        "seen": [],
        "generator": generator,
        "segmenter": {"preset": "tiny", "iterations": 5, "overrides": {}},
        "controls": ["shuffled_masks"] if also.get("controls") else [],
    }
    steps = [
        {
            "step": name,
            "kind": kind,
            "seconds": seconds,
            "host": "machine-of-a-clinic",
            "started": "2026-11-29T10:00:00Z",
            "versions": {"python": "3.12", "platform": "a kernel of a clinic"},
        }
        for kind, (name, seconds) in STEPS.items()
    ]
    provenance = {
        "experiment": {"id": "an id", "name": None},
        "dataset": "an id",
        "spec": spec,
        "steps": steps,
        "recipes": {"train_segmenter": 1, "segment_case": 1},
        "versions": {"syntrust": "0.1.0", "python": "3.11"},
    }
    return cast("AnyResults", {**results, "experiment": "an id", "provenance": provenance})


@pytest.fixture(scope="session")
def found() -> dict[str, AnyResults]:
    """The answers for both experiments of the study."""
    return {
        "mixes": found_by(("0", "0.5", "1"), (0, 1, 2)),
        "controls": found_by(("0", "1"), (0,), controls=True, again=True),
    }


@pytest.fixture(scope="session")
def join(found: dict[str, AnyResults]) -> Callable[..., StudyResults]:
    """Give `join(found=..., **fields of the study)`."""

    def join(answers: dict[str, AnyResults] | None = None, **changed: Any) -> StudyResults:
        answers = answers or found
        spec = answers["mixes"]["provenance"]["spec"]
        cases: dict[str, CaseVolumes] = {
            case: {"part": part, "volumes_ml": {"ET": 1.0, "ED": 9.0, "NCR": 2.0}}
            for part in ("train", "test")
            for case in spec[part]
        }
        study = Study.model_validate({**SMALL, **changed})
        return build_results(study, answers, cases, picture=PICTURE, processor="a CPU, 2 cores")

    return join


@pytest.fixture(scope="session")
def results(join: Callable[..., StudyResults]) -> StudyResults:
    return join()
