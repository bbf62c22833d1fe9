"""The correlation of size and Dice: its value, its interval and where there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.unit.metrics.as_json import average_correlations, build_results

from syntrust_metrics.experiment.size_effect import spearman

pytestmark = pytest.mark.numeric

Maker = Callable[..., Any]


def drawn(cases: int, rho: float, seed: int) -> list[tuple[float, float]]:
    cov = [[1, rho], [rho, 1]]
    xy = np.random.default_rng(seed).multivariate_normal([0, 0], cov, cases)
    return [(float(np.exp(x)), float(1 / (1 + np.exp(-y)))) for x, y in xy]


def test_it_is_spearmans_rank_correlation_with_ties() -> None:
    pairs = np.random.default_rng(1).integers(0, 5, (40, 2)).astype(float)

    assert spearman(pairs) == pytest.approx(stats.spearmanr(*pairs.T).statistic, abs=1e-12)


def test_no_growing_scale_of_volume_or_dice_changes_it() -> None:
    pairs = np.array(drawn(30, 0.6, 2))

    assert spearman(np.stack([np.log(pairs[:, 0]), pairs[:, 1] ** 3], axis=1)) == pytest.approx(
        spearman(pairs), abs=1e-14
    )


def test_a_perfect_order_is_1_and_its_reverse_minus_1_without_interval() -> None:
    rising = [(float(i), i / 20) for i in range(1, 15)]

    found = [
        average_correlations([pairs], 0.95) for pairs in (rising, [(a, 1 - b) for a, b in rising])
    ]

    assert [estimate["value"] for estimate in found] == [1, -1]
    assert [(estimate["ci"], estimate["reason"]) for estimate in found] == [
        (None, "a perfect order")
    ] * 2


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rho = 0.5
    truth = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's of a bivariate normal
    estimates = [average_correlations([drawn(40, rho, seed)], 0.95) for seed in range(400)]

    held = np.mean([estimate["ci"][0] <= truth <= estimate["ci"][1] for estimate in estimates])

    assert 0.92 <= held <= 0.98


def test_seeds_are_averaged_and_their_spread_is_given() -> None:
    by_seed = [drawn(20, 0.5, seed) for seed in (0, 1)]

    estimate = average_correlations(by_seed, 0.95)

    each = [spearman(np.array(pairs)) for pairs in by_seed]
    assert estimate["value"] == pytest.approx(np.mean(each))
    assert estimate["seed_sd"] == pytest.approx(np.std(each, ddof=1))


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([], "fewer than 2 cases"),
        ([(1.0, 0.5)], "fewer than 2 cases"),
        ([(1.0, 0.5), (1.0, 0.6)], "volume or Dice does not vary"),
        ([(1.0, 0.5), (2.0, 0.5)], "volume or Dice does not vary"),
    ],
)
def test_where_nothing_varies_there_is_no_correlation(
    pairs: list[tuple[float, float]], reason: str
) -> None:
    estimate = average_correlations([pairs], 0.95)

    assert (estimate["value"], estimate["reason"], estimate["cases"]) == (None, reason, len(pairs))


def test_a_region_that_a_case_lacks_has_no_size(experiment: Maker) -> None:
    made = experiment()
    step = made.request.runs[0].score_real
    first = next(iter(made.scores[step].cases))
    score = made.scores[step].cases[first]
    lacking = score.model_copy(
        update={
            "reference_ml": {**score.reference_ml, "ET": 0.0},
            "dice": {**score.dice, "ET": 0.0},
        }
    )
    made.scores[step] = made.scores[step].model_copy(
        update={"cases": {**made.scores[step].cases, first: lacking}}
    )

    [at_0, *_] = build_results(made.request, made.scores)["size"]

    assert (at_0["real"]["ET"]["cases"], at_0["real"]["ED"]["cases"]) == (11, 12)
