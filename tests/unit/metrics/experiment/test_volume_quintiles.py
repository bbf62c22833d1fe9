"""The trust factors of small tumours apart from those of large ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import build_results

from syntrust_metrics.experiment.volume_quintiles import assign_quintiles

pytestmark = pytest.mark.numeric

Maker = Callable[..., Any]


@pytest.mark.parametrize("count", [100, 101, 104, 251])
def test_fifths_are_by_rank_and_differ_by_one_case_at_most(count: int) -> None:
    volumes = np.random.default_rng(count).lognormal(size=count)

    fifths = np.array(assign_quintiles(volumes.tolist()))

    sizes = Counter(fifths.tolist())
    assert sorted(sizes) == [1, 2, 3, 4, 5]
    assert max(sizes.values()) - min(sizes.values()) <= 1
    assert all(volumes[fifths == k].max() < volumes[fifths == k + 1].min() for k in range(1, 5))


def test_fewer_than_100_test_cases_have_no_fifths_and_a_reason(experiment: Maker) -> None:
    made = experiment(test=99)

    found = build_results(made.request, made.scores)["by_volume"]

    assert (found["alphas"], found["edges_ml"]) == ([], [])
    assert "fewer than 100 test cases" in found["reason"]


def test_each_fifth_has_the_mean_dice_of_its_own_cases(experiment: Maker) -> None:
    made = experiment(test=100, alphas=("1",))
    scores = made.scores[made.request.runs[0].score_real].cases
    cases = [scores[case.case] for case in made.request.cases if case.part == "test"]
    smallest = sorted(cases, key=lambda score: sum(score.reference_ml.values()))[:20]
    values = [[dice or 0 for dice in score.dice.values()] for score in smallest]

    found = build_results(made.request, made.scores)["by_volume"]

    [at_1] = found["alphas"]
    assert at_1["groups"]["1"]["cases"] == 20
    real = at_1["groups"]["1"]["factors"]["t1"]["real"]["value"]
    assert real == pytest.approx(np.mean(values), abs=1e-9)
    assert found["edges_ml"] == sorted(found["edges_ml"])
