"""Noise floors: what is compared with what, and what is said where nothing can be."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import build_results

pytestmark = pytest.mark.numeric

Maker = Callable[..., Any]


def built(made: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    body = build_results(made.request, made.scores)
    return body["floors"], body


def dice(made: Any, step: str, region: str) -> list[float]:
    test = sorted(case.case for case in made.request.cases if case.part == "test")
    return [made.scores[step].cases[case].dice[region] for case in test]


def test_the_floor_of_twins_compares_synthetic_with_synthetic(experiment: Maker) -> None:
    made = experiment(again=True)

    floors, _ = built(made)

    assert floors["twins"]["reason"] is None
    for run, entry in zip(made.request.runs, floors["twins"]["alphas"], strict=True):
        first = np.array(dice(made, run.score_synthetic, "ET"))
        second = np.array(dice(made, run.score_again, "ET"))
        cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
        assert entry["alpha"] == float(run.alpha)
        assert entry["t4"]["ET"]["value"] == pytest.approx(np.abs(first - second).mean())
        assert entry["t3"]["ET"]["value"] == pytest.approx(cosine)
        assert entry["t4"]["ET"]["ci"] is not None


def test_the_floor_of_seeds_compares_two_trainings_on_real_images(experiment: Maker) -> None:
    made = experiment(alphas=("0.5",), seeds=(3, 8))

    floors, _ = built(made)

    first, second = (np.array(dice(made, run.score_real, "ED")) for run in made.request.runs)
    [entry] = floors["seeds"]["alphas"]
    assert floors["seeds"]["pairs"] == [[3, 8]]
    assert entry["t4"]["ED"]["value"] == pytest.approx(np.abs(first - second).mean())


def test_no_training_stands_in_two_pairs(experiment: Maker) -> None:
    floors, _ = built(experiment(alphas=("1",), seeds=(0, 1, 2, 3, 4)))

    assert floors["seeds"]["pairs"] == [[0, 1], [2, 3]]


def test_a_floor_that_was_not_measured_says_what_is_missing(experiment: Maker) -> None:
    floors, _ = built(experiment())

    assert floors["twins"] == {"reason": "no second twins were scored", "alphas": []}
    assert floors["seeds"] == {"reason": "one training seed", "pairs": [], "alphas": []}


def test_equal_scores_have_a_floor_of_nothing(experiment: Maker) -> None:
    made = experiment(again=True)
    for run in made.request.runs:
        made.scores[run.score_again] = made.scores[run.score_synthetic]

    floors, _ = built(made)

    for entry in floors["twins"]["alphas"]:
        assert {estimate["value"] for estimate in entry["t4"].values()} == {0}
        assert {estimate["value"] for estimate in entry["t3"].values()} == {1}
