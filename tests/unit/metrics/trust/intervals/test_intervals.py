"""Intervals: that they cover, what they need, and how seeds enter."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.unit.metrics.as_json import estimate_factors, score_cases

from syntrust_metrics.trust.estimation import bootstrap
from syntrust_metrics.trust.estimation.bootstrap import draw_weights, resample
from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.factors import Factors, compute_factors
from syntrust_metrics.trust.estimation.intervals import tail_quantiles
from syntrust_metrics.trust.estimation.seeds import SeedSpread
from syntrust_metrics.trust.request.policy import Policy

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
REGIONS = ("ED", "ET", "NCR")


def correlated_beta(rng: np.random.Generator, m: int, a: float, b: float) -> Array:
    """Draw (2, m, 3) Dice; half of each twin's score is its case's own draw."""
    real = rng.beta(a, b, (m, 3))
    other = rng.beta(a + 1, b, (m, 3))
    return np.stack([real, (real + other) / 2])


def flatten(factors: Factors) -> Array:
    return np.concatenate([factors.t1, factors.t2, factors.t3, factors.t4, factors.t5.ravel()])


def list_estimates(factors: dict[str, Any]) -> list[dict[str, Any]]:
    sides = [factors[name][side] for name in ("t1", "t2") for side in ("real", "synthetic")]
    regions = [factors[name][region] for name in ("t3", "t4") for region in REGIONS]
    return (
        sides
        + regions
        + [factors["t5"][side][region] for side in ("real", "synthetic") for region in REGIONS]
    )


def make_estimator(dice: Array, resamples: int = 2000, **policy: Any) -> Estimator:
    """Build an estimator of (2, M, K) or (S, 2, M, K) scores."""
    layers = dice if dice.ndim == 4 else dice[None]
    return Estimator(
        layers, REGIONS, tuple(range(len(layers))), Policy(resamples=resamples, **policy)
    )


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("dropped", [False, True])
def test_resamples_are_the_factors_of_the_drawn_cases(ddof: int, dropped: bool) -> None:  # noqa: FBT001
    dice = correlated_beta(np.random.default_rng(1), 15, 5, 2)
    if dropped:
        dice[:, [2, 3, 9], [0, 1, 1]] = np.nan
        dice[:, 5] = np.nan
    table = np.concatenate(list(draw_weights(15, 40, 7)))

    drawn = resample(Columns.from_dice(dice), ddof=ddof, resamples=40, seed=7)

    by_resample = np.concatenate(
        [
            drawn.draws("t1").value,
            drawn.draws("t2").value,
            drawn.draws("t3").value,
            drawn.draws("t4").value,
            drawn.draws("t5").value,
        ]
    )
    for row, counts in enumerate(table):
        repeated = np.repeat(dice, counts.astype(int), axis=1)
        assert by_resample[:, row] == pytest.approx(
            flatten(compute_factors(Columns.from_dice(repeated), ddof=ddof)), rel=1e-10, abs=1e-13
        )


def test_standard_errors_are_those_of_the_jackknife() -> None:
    dice = correlated_beta(np.random.default_rng(2), 400, 5, 2)
    m = dice.shape[1]

    drawn = resample(Columns.from_dice(dice), ddof=0, resamples=1, seed=0)

    left_out = [
        resample(Columns.from_dice(np.delete(dice, i, axis=1)), ddof=0, resamples=0, seed=0)
        for i in range(m)
    ]
    for name in ("t1", "t2", "t3", "t4", "t5"):
        logs = np.stack([each.draws(name).scaled[:, 0] for each in left_out])
        jackknife = np.sqrt(((logs - logs.mean(axis=0)) ** 2).sum(axis=0) * (m - 1) / m)
        assert drawn.draws(name).error[:, 0] == pytest.approx(jackknife, rel=0.05)


def test_t3_keeps_its_digits_when_the_sides_are_almost_proportional() -> None:
    rng = np.random.default_rng(3)
    real = rng.beta(5, 2, (50, 1))
    noise = rng.normal(0, 1e-7, (50, 1))
    dice = np.stack([real, 0.9 * real + noise])

    drawn = resample(Columns.from_dice(dice), ddof=0, resamples=1, seed=0)

    along = (noise * real).sum() / (real**2).sum() * real
    sine_squared = ((noise - along) ** 2).sum() / ((0.9 * real + noise) ** 2).sum()
    assert drawn.draws("t3").scaled[0, 0] == pytest.approx(sine_squared / 2, rel=1e-6)


def test_blocks_draw_what_one_draw_of_all_would() -> None:
    cases, resamples = bootstrap.CACHED_CASES + 1, 5000
    whole = bootstrap._draw_counts(np.random.default_rng(3), cases, resamples)

    ones, *blocks = draw_weights(cases, resamples, seed=3)

    assert len(blocks) > 2
    assert (ones == 1).all()
    assert np.array_equal(np.concatenate(blocks), whole)


def test_a_table_too_large_to_keep_as_numbers_holds_the_same_counts() -> None:
    cases, resamples = 600, 2000
    assert 4 * cases * resamples > bootstrap.BLOCK_CELLS

    (table,) = draw_weights(cases, resamples, seed=3)

    assert table.dtype == np.float64
    drawn = bootstrap._draw_counts(np.random.default_rng(3), cases, resamples)
    assert np.array_equal(table[1:], drawn)


def test_sides_without_a_common_case_have_exactly_no_t3_in_every_resample() -> None:
    dice = np.random.default_rng(3).beta(5, 2, (2, 40, 1))
    dice[0, 20:] = dice[1, :20] = 0.0

    drawn = resample(Columns.from_dice(dice), ddof=0, resamples=500, seed=0)

    assert (drawn.draws("t3").value == 0).all()


@pytest.mark.parametrize(("cases", "has_interval"), [(9, False), (10, True)])
def test_an_interval_needs_ten_cases(cases: int, has_interval: bool) -> None:  # noqa: FBT001
    dice = correlated_beta(np.random.default_rng(4), cases, 5, 2)

    found = list_estimates(estimate_factors(make_estimator(dice)))

    there = [estimate["ci"] is not None or "bound" in estimate for estimate in found]
    assert there == [has_interval] * len(found)
    assert all(has_interval or estimate["reason"] == "fewer than 10 cases" for estimate in found)


def test_every_interval_holds_its_value_and_is_ordered() -> None:
    dice = correlated_beta(np.random.default_rng(5), 80, 5, 2)

    for estimate in list_estimates(estimate_factors(make_estimator(dice))):
        assert estimate["ci"][0] < estimate["value"] < estimate["ci"][1]
        assert estimate["scope"] == "this trained model"


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.999])
@pytest.mark.parametrize("size", [1, 2, 100, 1001, 2000, 2249])
def test_tails_are_quantiles(size: int, confidence: float) -> None:
    values = np.random.default_rng(6).normal(size=(7, size))

    found = tail_quantiles(values, confidence)

    ends = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1)
    assert np.array(found) == pytest.approx(ends.T)


@pytest.mark.parametrize("order", [1, -1])
def test_tails_of_values_in_order_are_quantiles_too(order: int) -> None:
    values = np.linspace(0, 1, 2000)[None, ::order]

    ((low, high),) = tail_quantiles(values, 0.95)

    assert (low, high) == pytest.approx((0.025, 0.975))


@pytest.mark.parametrize("digits", [0, 1])
def test_tails_of_values_of_which_many_are_equal_are_quantiles_too(digits: int) -> None:
    values = np.random.default_rng(6).normal(size=(7, 2000)).round(digits)

    found = tail_quantiles(values, 0.95)

    ends = np.quantile(values, [0.025, 0.975], axis=1)
    assert np.array(found) == pytest.approx(ends.T)


def test_tails_leave_the_values_as_they_are() -> None:
    values = np.random.default_rng(6).normal(size=(7, 2000))
    before = values.copy()

    tail_quantiles(values, 0.95)

    assert np.array_equal(values, before)


def test_more_confidence_is_a_wider_interval() -> None:
    dice = correlated_beta(np.random.default_rng(5), 80, 5, 2)
    wide = list_estimates(estimate_factors(make_estimator(dice, confidence=0.99)))
    narrow = list_estimates(estimate_factors(make_estimator(dice, confidence=0.8)))

    for outer, inner in zip(wide, narrow, strict=True):
        assert outer["ci"][0] < inner["ci"][0]
        assert inner["ci"][1] < outer["ci"][1]


def test_equal_scores_give_intervals_of_no_width() -> None:
    factors = estimate_factors(make_estimator(np.full((2, 30, 3), 0.7)))

    assert [estimate["ci"] for estimate in list_estimates(factors)] == [
        [estimate["value"]] * 2 for estimate in list_estimates(factors)
    ]


def test_a_factor_undefined_in_many_resamples_has_no_interval() -> None:
    dice = np.zeros((2, 30, 3))
    dice[:, 0] = 0.8

    estimate = estimate_factors(make_estimator(dice))["t3"]["ED"]

    assert estimate["value"] == pytest.approx(1)
    assert estimate["ci"] is None
    assert "of the resamples" in estimate["reason"]


def test_a_draw_of_nothing_but_zeros_leaves_t3_and_t5_undefined_whatever_is_rounded() -> None:
    rng = np.random.default_rng(11)
    dice = np.zeros((2, 40, 1))
    dice[0, :, 0] = rng.uniform(0.1, 0.9, 40)
    dice[1, 0] = 0.3
    drawn = resample(Columns.from_dice(dice), ddof=0, resamples=500, seed=3)

    counts = np.concatenate(list(draw_weights(40, 500, 3)))

    without = counts[:, 0] == 0
    assert np.array_equal(np.isnan(drawn.draws("t3").value[0]), without)
    assert np.array_equal(np.isnan(drawn.draws("t5").value[1]), without)


def test_under_a_hundred_resamples_there_is_no_interval() -> None:
    dice = correlated_beta(np.random.default_rng(5), 80, 5, 2)

    found = list_estimates(estimate_factors(make_estimator(dice, resamples=99)))

    assert {estimate["reason"] for estimate in found} == {"fewer than 100 resamples"}


def draw_models(seeds: int, m: int = 60, noise: float = 0.05, seed: int = 0) -> Array:
    """Give (S, 2, M, 3): one cohort under several trainings that move all scores a little."""
    rng = np.random.default_rng(seed)
    cohort = correlated_beta(rng, m, 5, 2)
    shifts = rng.normal(0, noise, (seeds, 1, 1, 1)) + rng.normal(0, noise, (seeds, 2, m, 3))
    return np.clip(cohort + shifts, 0, 1)


@pytest.mark.parametrize("seeds", [2, 3, 5, 7])
def test_factors_are_averaged_over_seeds_and_dice_is_not(seeds: int) -> None:
    dice = draw_models(seeds)
    each = np.stack([flatten(compute_factors(Columns.from_dice(layer), ddof=0)) for layer in dice])

    found = list_estimates(estimate_factors(make_estimator(dice)))

    assert [estimate["value"] for estimate in found] == pytest.approx(each.mean(axis=0), abs=1e-12)
    assert [estimate["seed_sd"] for estimate in found] == pytest.approx(each.std(axis=0, ddof=1))


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_with_several_seeds_every_interval_speaks_of_trainings(seeds: int) -> None:
    found = list_estimates(estimate_factors(make_estimator(draw_models(seeds))))

    assert {estimate["scope"] for estimate in found} == {"training seeds"}


@pytest.mark.parametrize("seeds", [2, 4, 6])
def test_each_end_recovers_its_distance_from_cases_and_from_seeds(seeds: int) -> None:
    dice = draw_models(seeds)
    shifts = dice.mean(axis=(2, 3))[:, 0]
    alone = (
        dice
        - dice.mean(axis=(2, 3), keepdims=True)
        + dice.mean(axis=(0, 2, 3))[None, :, None, None]
    )
    low, high = estimate_factors(make_estimator(alone))["t1"]["real"]["ci"]

    found = estimate_factors(make_estimator(dice))["t1"]["real"]

    value = found["value"]
    half = float(stats.t.ppf(0.975, seeds - 1)) * shifts.std(ddof=1) / math.sqrt(seeds)
    assert found["ci"] == pytest.approx(
        [value - math.hypot(value - low, half), value + math.hypot(high - value, half)], rel=1e-9
    )


def test_the_logarithmic_scale_is_left_and_returned_to_without_loss() -> None:
    spread = SeedSpread(3, 0.0)

    assert spread.widen_logarithm((0.1, 0.4), 0.2) == (0.1, 0.4)
    low, high = SeedSpread(3, 0.02).widen_logarithm((0.1, 0.4), 0.2)
    assert low == pytest.approx(0.2 * math.exp(-math.hypot(math.log(2), 0.1)))
    assert high == pytest.approx(0.2 * math.exp(math.hypot(math.log(2), 0.1)))


@pytest.mark.parametrize("seeds", [3, 6])
def test_equal_models_give_the_intervals_of_one(seeds: int) -> None:
    one = correlated_beta(np.random.default_rng(8), 60, 5, 2)

    many = estimate_factors(make_estimator(np.repeat(one[None], seeds, axis=0)))

    single = estimate_factors(make_estimator(one))
    for name in ("t1", "t2", "t3", "t4", "t5"):
        for estimate, alone in zip(
            list_estimates({**single, name: many[name]}), list_estimates(single), strict=True
        ):
            assert estimate["ci"] == pytest.approx(alone["ci"], rel=1e-9)


def test_a_factor_undefined_for_one_seed_is_undefined_and_says_which() -> None:
    dice = draw_models(3)
    dice[1, 1, :, 0] = 0

    estimate = estimate_factors(make_estimator(dice))["t3"]["ED"]

    assert estimate["value"] is None
    assert estimate["reason"] == "every Dice of a side is 0 (seed 1)"


def test_a_group_needs_twenty_cases() -> None:
    dice = correlated_beta(np.random.default_rng(9), 39, 5, 2)
    cases = [
        {
            "id": f"{i:02d}",
            "real": dict(zip(REGIONS, dice[0, i].tolist(), strict=True)),
            "synthetic": dict(zip(REGIONS, dice[1, i].tolist(), strict=True)),
            "group": "a" if i < 20 else "b",
        }
        for i in range(39)
    ]

    groups = score_cases({"cases": cases})["groups"]

    alone = score_cases({"cases": [{**case, "group": "a"} for case in cases[:20]]})
    assert groups["a"] == {"cases": 20, "factors": alone["factors"], "reason": None}
    assert groups["b"] == {"cases": 19, "factors": None, "reason": "fewer than 20 cases"}


def bounds_of(estimate: dict[str, Any]) -> list[float]:
    """Give both ends of an interval, an open one as infinite."""
    bound = estimate.get("bound", {})
    return estimate["ci"] or [bound.get("low", -math.inf), bound.get("high", math.inf)]


def measure_coverage(
    draw: Callable[[np.random.Generator], Array], truth: Array, trials: int
) -> Array:
    """Share of 95 % intervals that hold the population's factors, each of (16,)."""
    rng = np.random.default_rng(20250204)
    held = np.zeros(truth.size)
    for _ in range(trials):
        found = list_estimates(estimate_factors(make_estimator(draw(rng), 999)))
        bounds = np.array([bounds_of(estimate) for estimate in found])
        held += (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
    return held / trials


T1_T4 = [0, 1, 7, 8, 9]
SKEWED = (0.85 * 6.545, 0.15 * 6.545)  # Beta of mean .85, sd .13


@pytest.mark.slow
@pytest.mark.parametrize(
    ("m", "shape", "low_means", "low_spreads", "high"),
    [
        (251, (5.0, 2.0), 0.93, 0.93, 0.97),
        (251, SKEWED, 0.92, 0.92, 0.98),
        (30, (5.0, 2.0), 0.91, 0.90, 0.98),
    ],
)
def test_intervals_cover_as_often_as_they_say(
    m: int, shape: tuple[float, float], low_means: float, low_spreads: float, high: float
) -> None:
    trials = 1000
    noise = 2.6 * math.sqrt(0.05 * 0.95 / trials)  # 16 factors, so beyond two errors
    truth = flatten(
        compute_factors(
            Columns.from_dice(correlated_beta(np.random.default_rng(1), 1_000_000, *shape)), ddof=0
        )
    )

    found = measure_coverage(lambda rng: correlated_beta(rng, m, *shape), truth, trials)

    spreads = np.delete(found, T1_T4)
    assert (found[T1_T4] >= low_means - noise).all(), found
    assert (spreads >= low_spreads - noise).all(), found
    assert (found <= high + noise).all(), found
