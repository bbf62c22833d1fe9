"""What stands beside T2-T5: closed forms against brute force, and what pairing decides."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from tests.tolerances import U64, of_sum
from tests.unit.metrics.as_json import score_cases
from tests.unit.metrics.trust.array_requests import REGIONS, make_request

from syntrust_metrics.trust.estimation.bootstrap import draw_weights, resample
from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.companions import (
    compute_companions,
    mean_unpaired_difference,
)
from syntrust_metrics.trust.estimation.factors import compute_factors

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
DICE = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1, allow_subnormal=False, width=32))


def make_table(m: int, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    real = rng.beta(5, 2, (m, 3))
    return np.stack([real, np.clip(0.7 * real + 0.3 * rng.beta(6, 2, (m, 3)), 0, 1)])


@st.composite
def tables(draw: st.DrawFn, smallest: int = 1) -> Array:
    shape = (2, draw(st.integers(smallest, 12)), 3)
    size = math.prod(shape)
    return np.array(draw(st.lists(DICE, min_size=size, max_size=size))).reshape(shape)


def values(tree: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every number of an answer by its path, intervals left out."""
    if isinstance(tree, dict):
        return {
            name: value
            for key, branch in tree.items()
            if key not in {"ci", "ci90", "digest"}
            for name, value in values(branch, (*path, key)).items()
        }
    if isinstance(tree, list):
        return {
            name: value
            for key, branch in enumerate(tree)
            for name, value in values(branch, (*path, str(key))).items()
        }
    return {path: tree}


@given(tables())
def test_shuffled_t4_is_the_mean_over_all_pairs(dice: Array) -> None:
    found = compute_companions(Columns.from_dice(dice), ddof=0).t4_shuffled

    pairs = np.abs(dice[0][:, None] - dice[1][None]).mean(axis=(0, 1))
    assert found == pytest.approx(pairs, abs=1e-12)


def test_shuffled_t4_takes_no_quadratic_memory() -> None:
    sides = np.random.default_rng(0).random((2, 1, 200_000))

    found = mean_unpaired_difference(np.sort(sides), np.array([200_000]))

    assert found == pytest.approx(1 / 3, abs=0.003)


def test_shuffled_t3_is_the_mean_over_all_pairings() -> None:
    dice = make_table(5)

    found = compute_companions(Columns.from_dice(dice), ddof=0).t3_shuffled

    pairings = [
        compute_factors(Columns.from_dice(np.stack([dice[0], dice[1, list(order)]])), ddof=0).t3
        for order in itertools.permutations(range(5))
    ]
    assert found == pytest.approx(np.mean(pairings, axis=0), abs=1e-12)


@given(tables(smallest=2))
def test_t3_is_its_shuffled_value_raised_by_the_correlation(dice: Array) -> None:
    factors, beside = (
        compute_factors(Columns.from_dice(dice), ddof=0),
        compute_companions(Columns.from_dice(dice), ddof=0),
    )

    for k in np.flatnonzero((dice.mean(axis=1) > 1e-3).all(axis=0)):
        correlation = np.nan_to_num(beside.correlation[k])
        identity = beside.t3_shuffled[k] * (1 + correlation * factors.t5[:, k].prod())
        assert factors.t3[k] == pytest.approx(identity, rel=0, abs=1e-12)


def test_companions_agree_with_numpy_and_scipy() -> None:
    dice = make_table(41)
    real, synthetic = dice

    found = compute_companions(Columns.from_dice(dice), ddof=1)

    gaps = real - synthetic
    assert found.bias == pytest.approx(gaps.mean(axis=0))
    half = 1.96 * gaps.std(axis=0, ddof=1)
    limits = np.stack([gaps.mean(axis=0) - half, gaps.mean(axis=0) + half], axis=1)
    assert found.limits == pytest.approx(limits)
    assert found.mean == pytest.approx(dice.mean(axis=1))
    assert found.sd == pytest.approx(dice.std(axis=1, ddof=1))
    assert found.iqr == pytest.approx(stats.iqr(dice, axis=1))
    assert found.t2_regions == pytest.approx(1 - dice.mean(axis=1).std(axis=1))
    assert found.t2_within == pytest.approx(1 - dice.std(axis=2).mean(axis=1))
    for k in range(3):
        pearson = stats.pearsonr(real[:, k], synthetic[:, k]).statistic
        scale = real[:, k].std() * synthetic[:, k].std()
        total = real[:, k].var() + synthetic[:, k].var() + found.bias[k] ** 2
        assert found.correlation[k] == pytest.approx(pearson)
        assert found.concordance[k] == pytest.approx(2 * pearson * scale / total)


@pytest.mark.parametrize(("other", "expected"), [(0.7, 1.0), (0.6, 0.0)])
def test_concordance_without_spread_says_whether_the_sides_are_equal(
    other: float, expected: float
) -> None:
    dice = np.stack([np.full((20, 3), 0.7), np.full((20, 3), other)])

    answer = score_cases(make_request(dice))["companions"]["t3"]["ED"]

    assert answer["concordance"]["value"] == expected
    assert answer["correlation"]["value"] is None
    assert answer["correlation"]["reason"] == "a side has no spread"


def test_what_is_left_out_is_left_out_of_the_companions_too() -> None:
    dice = make_table(30)
    dice[:, [2, 5], 1] = np.nan
    dice[:, 7] = np.nan
    kept = np.delete(dice, [2, 5, 7], axis=1)

    found = compute_companions(Columns.from_dice(dice), ddof=0)

    alone = compute_companions(Columns.from_dice(kept), ddof=0)
    for name in ("correlation", "concordance", "t3_shuffled", "bias", "t4_shuffled"):
        assert getattr(found, name)[1] == pytest.approx(getattr(alone, name)[1])
    assert found.iqr[:, 1] == pytest.approx(alone.iqr[:, 1])
    spreads = [np.nanstd(case) for case in np.delete(dice[0], 7, axis=0)]
    assert found.t2_within[0] == pytest.approx(1 - np.mean(spreads))


@pytest.mark.parametrize("dropped", [False, True])
def test_resampled_companions_are_those_of_the_drawn_cases(dropped: bool) -> None:  # noqa: FBT001
    dice = make_table(15, seed=4)
    if dropped:
        dice[:, [2, 3, 9], [0, 1, 1]] = np.nan
    counts = np.concatenate(list(draw_weights(15, 30, 7)))

    drawn = resample(Columns.from_dice(dice), ddof=0, resamples=30, seed=7)

    centre = np.nanmean(dice, axis=1)
    for row, count in enumerate(counts):
        chosen = np.repeat(dice, count.astype(int), axis=1)
        there = compute_companions(Columns.from_dice(chosen), ddof=0)
        for name in ("t2_within", "correlation", "concordance", "bias"):
            found = drawn.row(name)[:, row]
            assert found == pytest.approx(getattr(there, name), rel=1e-9, abs=1e-12)
        moved = np.nanmean(chosen, axis=1) - centre
        assert drawn.mean_shift[:, row] == pytest.approx(moved.std(axis=1), abs=1e-12)


def test_companions_are_averaged_over_seeds() -> None:
    layers = np.stack([make_table(40, seed) for seed in range(3)])

    answer = score_cases(make_request(layers))["companions"]

    each = [compute_companions(Columns.from_dice(layer), ddof=0) for layer in layers]
    for k, region in enumerate(REGIONS):
        estimate, plain = answer["t3"][region], answer["t4"][region]
        by_seed = [one.concordance[k] for one in each]
        assert estimate["concordance"]["value"] == pytest.approx(np.mean(by_seed))
        assert estimate["concordance"]["seed_sd"] == pytest.approx(np.std(by_seed, ddof=1))
        assert estimate["shuffled"] == pytest.approx(np.mean([one.t3_shuffled[k] for one in each]))
        assert plain["limits"] == pytest.approx(np.mean([one.limits[k] for one in each], axis=0))


def test_the_interval_over_regions_holds_its_value_even_where_regions_are_alike() -> None:
    for seed in range(5):
        dice = np.random.default_rng(seed).beta(5, 2, (2, 60, 3))

        estimate = score_cases(make_request(dice))["companions"]["t2_regions"]["real"]

        assert estimate["ci"][0] <= estimate["value"] <= estimate["ci"][1] <= 1


MOVED_BY_PAIRING = {
    ("factors", "t3"),
    ("factors", "t4"),
    ("companions", "t3", "correlation"),
    ("companions", "t3", "concordance"),
    ("companions", "t4", "limits"),
}


def _moves(path: tuple[str, ...]) -> bool:
    """Whether breaking the pairs may move this number."""
    without_region = tuple(part for part in path if part not in REGIONS)
    return path[0] in {"equivalence", "score"} or any(
        without_region[: len(known)] == known for known in MOVED_BY_PAIRING
    )


@given(tables(smallest=2), st.randoms(use_true_random=False))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_breaking_the_pairs_moves_nothing_but_what_pairs_decide(dice: Array, random: Any) -> None:
    order = list(range(dice.shape[1]))
    random.shuffle(order)
    broken = np.stack([dice[0], dice[1, order]])

    true, false = (values(score_cases(make_request(each, resamples=0))) for each in (dice, broken))

    for path in true:
        if not _moves(path) and isinstance(true[path], float) and false[path] is not None:
            assert false[path] == pytest.approx(true[path], rel=0, abs=1e-9), path
        elif not _moves(path):
            assert false[path] == true[path], path


def test_a_tiny_bias_keeps_its_digits() -> None:
    real = np.random.default_rng(1).uniform(0.2, 0.9, (60, 1))
    dice = np.stack([real, real - 1e-11])

    found = compute_companions(Columns.from_dice(dice), ddof=0).bias

    assert found == pytest.approx([np.mean(dice[0] - dice[1])], rel=1e-9)


def test_signed_bias_and_shuffled_stay_when_pairs_break() -> None:
    dice = make_table(60)
    broken = np.stack([dice[0], dice[1, ::-1]])

    true, false = (
        compute_companions(Columns.from_dice(dice), ddof=0),
        compute_companions(Columns.from_dice(broken), ddof=0),
    )

    for name in ("bias", "t3_shuffled", "t4_shuffled", "t2_regions", "t2_within"):
        bound = of_sum(dice[0].size, unit=U64)  # sums over all scores, in another order
        assert getattr(true, name) == pytest.approx(getattr(false, name), abs=bound)
    assert (true.concordance > false.concordance).all()
