"""Ends of intervals that so few cases or trainings do not bound, and the cap of T5."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from tests.unit.metrics.as_json import score_cases
from tests.unit.metrics.trust.array_requests import make_request

from syntrust_metrics.trust.estimation.intervals import Interval
from syntrust_metrics.trust.estimation.open_ends import (
    HIGHER_IS_BETTER,
    LOWER_IS_BETTER,
    SIGNED,
    Ends,
    Limits,
    bound_ends,
)
from syntrust_metrics.trust.estimation.seeds import SeedSpread

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
ONE = SeedSpread(1, 0.0)
SHARES = st.floats(0, 1)


def test_an_end_at_the_worst_value_is_open_and_one_at_the_best_is_not() -> None:
    assert bound_ends(Interval((-0.1, 1.2)), 0.5, ONE, SIGNED, 12) == Ends((-0.1, 1.0))
    assert bound_ends(Interval((0.2, 1.2)), 0.5, ONE, HIGHER_IS_BETTER, 12) == Ends((0.2, 1.0))
    assert bound_ends(Interval((-0.1, 0.8)), 0.5, ONE, HIGHER_IS_BETTER, 12) == Ends(
        None, {"high": 0.8}, "12 cases give no lower bound"
    )
    assert bound_ends(Interval((0.1, 1.0)), 0.5, ONE, LOWER_IS_BETTER, 12) == Ends(
        None, {"low": 0.1}, "12 cases give no upper bound"
    )
    assert bound_ends(Interval((-0.1, 1.1)), 0.5, ONE, LOWER_IS_BETTER, 12) == Ends(
        None, None, "12 cases give no bound"
    )


def test_a_number_at_its_worst_value_has_an_interval() -> None:
    assert bound_ends(Interval((0.0, 0.1)), 0.0, ONE, HIGHER_IS_BETTER, 12) == Ends((0.0, 0.1))


def test_trainings_that_open_an_end_are_named() -> None:
    interval = Interval((0.1, 0.6), logarithmic=True)
    limits = Limits(0.0, 1.0, "low", complement=True)

    found = bound_ends(interval, 0.372, SeedSpread(3, 0.96), limits, 60)

    assert found.ci is None
    assert found.bound is not None
    assert found.bound["high"] > 0.6
    assert found.reason == "3 trainings give no lower bound"


@given(st.tuples(SHARES, SHARES, SHARES).map(sorted), st.floats(0, 0.5))
def test_more_spread_over_trainings_never_makes_an_interval_narrower(
    numbers: list[float], half: float
) -> None:
    low, value, high = numbers
    wide = SeedSpread(3, half).widen((low, high), value)

    assert wide[0] <= low + 1e-15
    assert wide[1] >= high - 1e-15


def draw_dice(m: int, seed: int, *, missed: float) -> Array:
    rng = np.random.default_rng(seed)
    dice = rng.beta(6, 2, (2, m, 3))
    dice[rng.random(dice.shape) < missed] = 0.0
    return dice


def list_t5(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        each for side in ("real", "synthetic") for each in answer["factors"]["t5"][side].values()
    ]


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("missed", [0.1, 0.5, 0.8])
def test_no_upper_end_of_t5_passes_its_cap_or_what_the_estimator_can_be(
    ddof: int, missed: float
) -> None:
    opened = 0
    for seed in range(12):
        m = 12
        dice = draw_dice(m, seed, missed=missed)
        answer = score_cases(make_request(dice, ddof=ddof, resamples=400))
        columns = [dice[side, :, k] for side in (0, 1) for k in range(3)]
        for x, estimate in zip(columns, list_t5(answer), strict=True):
            largest = math.sqrt(m - 1 + ddof)
            if estimate["ci"] is None:
                opened += "bound" in estimate
                continue
            lowest = float(stats.ttest_1samp(x, 0).confidence_interval(0.95).low)
            cap = math.sqrt((1 - lowest) / lowest * m / (m - ddof)) if lowest > 0 else math.inf
            assert estimate["value"] <= estimate["ci"][1] <= min(cap, largest) * (1 + 1e-9)
    assert opened or missed < 0.5


def test_a_t5_that_cases_do_not_bound_is_at_least_its_lower_end() -> None:
    answers = [
        score_cases(make_request(draw_dice(12, seed, missed=0.75), resamples=400))
        for seed in range(8)
    ]

    open_ended = [each for answer in answers for each in list_t5(answer) if "bound" in each]

    assert open_ended
    for each in open_ended:
        assert each["ci"] is None
        assert set(each["bound"]) == {"low"}
        assert each["bound"]["low"] < each["value"]
        assert each["reason"] == "12 cases give no upper bound"
        assert each["scope"] == "this trained model"


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("share", [0.0, 1.0, 3.0])
def test_ends_that_hold_trainings_cover_whatever_their_share_is(seeds: int, share: float) -> None:
    rng = np.random.default_rng([seeds, int(share)])
    trials, dof = 1000, 59
    cases = rng.normal(size=trials)
    errors = np.sqrt(rng.chisquare(dof, trials) / dof) * float(stats.t.ppf(0.975, dof))
    trainings = rng.normal(size=(trials, seeds)) * share * math.sqrt(seeds)

    held = 0
    for error, half, drawn in zip(cases, errors, trainings, strict=True):
        value = error + drawn.mean()
        low, high = SeedSpread.of(drawn, 0.95).widen((value - half, value + half), value)
        held += low <= 0 <= high

    assert held / trials >= 0.95 - 2.6 * math.sqrt(0.05 * 0.95 / trials)
