"""Bootstrap-t against a plain implementation, and that one's BCa against scipy's.

`benchmarks.trust.interval_methods` shares no line with the platform.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from benchmarks.trust.interval_methods import FACTORS, Problem, bca, bootstrap_t, cap_t5
from numpy.typing import NDArray
from scipy import stats
from tests.unit.metrics.as_json import estimate_factors

from syntrust_metrics.trust.estimation.bootstrap import draw_weights
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.request.policy import Policy

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
REGIONS = ("ED", "ET", "NCR")
RESAMPLES = 1000


def draw_dice(cases: int) -> Array:
    rng = np.random.default_rng(cases)
    real = rng.beta(6, 2, (cases, 3))
    return np.stack([real, np.clip(real + rng.normal(0, 0.08, (cases, 3)), 0, 1)])


def pose(factor: str, x: Array, y: Array) -> Problem:
    counts = np.concatenate(list(draw_weights(len(x), RESAMPLES, 0)))[1:]
    return Problem(factor, x, y, counts)


def estimate(dice: Array) -> dict[str, Any]:
    return estimate_factors(Estimator(dice[None], REGIONS, (0,), Policy(resamples=RESAMPLES)))


@pytest.mark.parametrize("cases", [12, 29, 30, 60])
def test_intervals_are_those_of_a_plain_bootstrap_t(cases: int) -> None:
    dice = draw_dice(cases)

    factors = estimate(dice)

    means = dice.mean(axis=2)
    for side, name in enumerate(("real", "synthetic")):
        t1 = bootstrap_t(pose("t1", means[side], means[1 - side]), logarithmic=False)
        t2 = bootstrap_t(pose("t2", means[side], means[1 - side]), logarithmic=True)
        assert factors["t1"][name]["ci"] == pytest.approx(t1, rel=1e-8)
        assert factors["t2"][name]["ci"] == pytest.approx(t2, rel=1e-8)
    for k, region in enumerate(REGIONS):
        real, synthetic = dice[0, :, k], dice[1, :, k]
        t3 = bootstrap_t(pose("t3", real, synthetic), logarithmic=cases < 30)
        t4 = bootstrap_t(pose("t4", real, synthetic), logarithmic=False)
        t5 = bootstrap_t(pose("t5", real, synthetic), logarithmic=True)
        assert t5 is not None
        assert factors["t3"][region]["ci"] == pytest.approx(t3, rel=1e-8)
        assert factors["t4"][region]["ci"] == pytest.approx(t4, rel=1e-8)
        assert factors["t5"]["real"][region]["ci"] == pytest.approx(cap_t5(t5, real), rel=1e-8)


@pytest.mark.parametrize("factor", FACTORS)
def test_the_plain_bca_is_scipys(factor: str) -> None:
    dice = draw_dice(30)
    problem = pose(factor, dice[0, :, 0], dice[1, :, 0])
    weights = np.full((1, 30), 1 / 30)

    def statistic(x: Array, y: Array) -> float:
        return float(FACTORS[factor](x, y, np.full((1, len(x)), 1 / len(x))).value[0])

    settings: dict[str, Any] = {"paired": True, "vectorized": False, "method": "BCa"}
    columns = (problem.x, problem.y)
    first = stats.bootstrap(columns, statistic, n_resamples=50, rng=0, **settings)
    same_draws = replace(first, bootstrap_distribution=problem.drawn.value)
    found = stats.bootstrap(
        columns, statistic, n_resamples=0, bootstrap_result=same_draws, **settings
    ).confidence_interval

    assert problem.value == pytest.approx(float(problem.measure(weights).value[0]))
    # scipy takes percentiles between order statistics as numpy's default does.
    assert bca(problem) == pytest.approx((found.low, found.high), rel=1e-9)
