"""The test of a loss, and its power, against closed forms, scipy's t test and simulation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.unit.metrics.recommendation.made_differences import MARGIN, draw

from syntrust_metrics.trust.inference.margin_tests import MIN_VERDICT_CASES
from syntrust_metrics.trust.inference.recommendation_bounds import (
    fewest_cases,
    rate_of_unseen,
    run_loss_tests,
)
from syntrust_metrics.trust.inference.recommendation_planning import (
    PairedSpread,
    compute_power,
    find_needed,
    measure_spread,
)

pytestmark = pytest.mark.numeric


@pytest.mark.parametrize("mean", [-0.06, -0.02, 0.0, 0.04])
def test_with_one_training_bounds_and_p_are_those_of_a_one_sided_t_test(mean: float) -> None:
    differences = draw(1, 120, mean)

    [found] = run_loss_tests(differences[None], MARGIN)

    oracle = stats.ttest_1samp(differences[0], -MARGIN, alternative="greater")
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert found.low == pytest.approx(oracle.confidence_interval(0.95).low, abs=1e-12)
    above = stats.ttest_1samp(differences[0], -MARGIN, alternative="less")
    assert found.high == pytest.approx(above.confidence_interval(0.95).high, abs=1e-12)


def test_with_two_trainings_the_seeds_are_taken_as_they_are() -> None:
    differences = draw(2, 120)

    [found] = run_loss_tests(differences[None], MARGIN)

    oracle = stats.ttest_1samp(differences.mean(axis=0), -MARGIN, alternative="greater")
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)


def test_where_cases_do_not_differ_the_bound_is_a_t_test_over_seeds() -> None:
    """A closed form: seed means 0, .01 and .02 have mean .01 and standard error .01/√3."""
    differences = np.tile([[0.0], [0.01], [0.02]], 100)

    [found] = run_loss_tests(differences[None], MARGIN)

    half = stats.t.ppf(0.95, 2) * 0.01 / math.sqrt(3)
    assert found.low == pytest.approx(0.01 - half, abs=1e-12)
    assert found.p == pytest.approx(stats.t.sf(0.04 / 0.01 * math.sqrt(3), 2), rel=1e-9)


def test_the_bound_weights_both_quantiles_by_their_share_of_the_squared_error() -> None:
    differences = draw(4, 80)
    by_seed = differences.mean(axis=1).var(ddof=1) / 4
    by_case = differences.mean(axis=0).var(ddof=1) / 80

    [found] = run_loss_tests(differences[None], MARGIN)

    weighted = by_seed * stats.t.ppf(0.95, 3) + by_case * stats.t.ppf(0.95, 79)
    expected = differences.mean() - weighted / math.sqrt(by_seed + by_case)
    assert found.low == pytest.approx(expected, abs=1e-12)


@given(st.floats(-0.1, 0.1), st.sampled_from([1, 3, 5]), st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_p_is_below_the_level_exactly_where_the_bound_is_inside(
    mean: float, seeds: int, number: int
) -> None:
    [found] = run_loss_tests(draw(seeds, 60, mean, 0.1, number)[None], MARGIN)

    assert found.p is not None
    assert found.low is not None
    assert (found.p < 0.05) == (found.low > -MARGIN)


@given(st.randoms(use_true_random=False), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_the_order_of_cases_and_seeds_does_not_matter(random: Any, number: int) -> None:
    differences = draw(3, 60, -0.01, 0.05, number)
    rows, columns = list(range(3)), list(range(60))
    random.shuffle(rows)
    random.shuffle(columns)

    [found], [again] = (
        run_loss_tests(each[None], MARGIN) for each in (differences, differences[rows][:, columns])
    )

    assert (again.verdict, again.reason) == (found.verdict, found.reason)
    assert again.low == pytest.approx(found.low, abs=1e-12)
    assert again.p == pytest.approx(found.p, rel=1e-6)


def test_a_change_of_sign_turns_the_bounds_over() -> None:
    differences = draw(3, 90, 0.02)

    [found], [turned] = (run_loss_tests(each[None], MARGIN) for each in (differences, -differences))

    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))  # type: ignore[operator]


def test_every_difference_that_grows_leaves_what_was_not_worse() -> None:
    """A gain for every case can only help."""
    for number in range(30):
        differences = draw(3, 120, -0.01, 0.03, number)
        [found], [better] = (
            run_loss_tests(each[None], MARGIN) for each in (differences, differences + 0.005)
        )
        assert not (found.verdict == "not worse" and better.verdict != "not worse")


def test_models_that_agree_everywhere_do_no_harm() -> None:
    [found] = run_loss_tests(np.zeros((1, 3, 120)), MARGIN)

    assert (found.verdict, found.low, found.p) == ("not worse", 0.0, 0.0)


def test_harm_is_shown_where_the_upper_bound_lies_beyond_the_margin() -> None:
    [found] = run_loss_tests(draw(3, 120, -0.1)[None], MARGIN)

    assert (found.verdict, found.reason) == ("worse", None)
    assert found.high is not None
    assert found.high < -MARGIN


@pytest.mark.parametrize(
    ("cases", "reason"),
    [(9, "fewer than 10 cases"), (49, "fewer than 50 cases"), (50, "failures too rare to be seen")],
)
def test_too_few_cases_show_nothing_however_well_they_agree(cases: int, reason: str) -> None:
    [found] = run_loss_tests(np.zeros((1, 3, cases)), MARGIN)

    assert (found.verdict, found.reason) == ("undecided", reason)


def test_unseen_failures_are_excluded_from_the_number_of_cases_of_a_binomial_on() -> None:
    """A margin of .03 takes 99 cases: with 98, no failure in 3 % of all is too likely (0.97^98)."""
    found = {m: run_loss_tests(np.zeros((1, 3, m)), MARGIN)[0].verdict for m in (98, 99)}

    assert found == {98: "undecided", 99: "not worse"}
    assert stats.binom.pmf(0, 60, rate_of_unseen(60)) == pytest.approx(0.05, rel=1e-12)


@pytest.mark.parametrize(("margin", "cases"), [(0.02, 149), (0.03, 99), (0.05, 59), (1.0, 50)])
def test_the_fewest_cases_are_the_first_that_see_a_loss_of_the_margin(
    margin: float, cases: int
) -> None:
    assert fewest_cases(margin) == cases
    assert rate_of_unseen(cases) < margin
    assert cases == MIN_VERDICT_CASES or rate_of_unseen(cases - 1) >= margin


def test_three_more_failures_of_the_size_seen_withhold_the_verdict() -> None:
    differences = np.zeros((3, 200))
    differences[:, 0] = -0.9

    [found] = run_loss_tests(differences[None], MARGIN)

    assert (found.verdict, found.reason) == ("undecided", "rare large failures")
    assert found.low is not None
    assert found.low > -MARGIN


def test_cases_that_are_left_out_do_not_count() -> None:
    differences = draw(3, 130)
    padded = np.concatenate([differences, np.full((3, 20), np.nan)], axis=1)

    assert run_loss_tests(padded[None], MARGIN) == run_loss_tests(differences[None], MARGIN)


def test_a_region_without_any_case_is_undecided() -> None:
    [found] = run_loss_tests(np.full((1, 3, 60), np.nan), MARGIN)

    assert (found.verdict, found.cases, found.p) == ("undecided", 0, None)


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("of_seeds", [0.0, 0.01, 0.05])
def test_a_loss_of_the_margin_passes_the_bound_in_at_most_five_percent(
    seeds: int, of_seeds: float
) -> None:
    """The t test alone, without guards, over all shares of seeds and cases; 4,000 studies."""
    rng = np.random.default_rng(seeds)
    studies = rng.normal(-MARGIN, 0.1, (4000, 1, 60)) + of_seeds * rng.normal(size=(4000, seeds, 1))

    found = run_loss_tests(studies, MARGIN)

    share = np.mean([each.low is not None and each.low > -MARGIN for each in found])
    assert share <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_components_of_variance_are_those_that_were_drawn() -> None:
    rng = np.random.default_rng(3)
    rows, columns = 0.03 * rng.normal(size=(400, 1)), 0.05 * rng.normal(size=(1, 400))

    found = measure_spread(rows + columns + 0.04 * rng.normal(size=(400, 400)))

    assert found is not None
    body = found.as_body()
    assert (body["seeds"], body["cases"], body["rest"]) == pytest.approx((0.03, 0.05, 0.04), 0.1)


@pytest.mark.parametrize(("seeds", "cases"), [(3, 110), (5, 250), (1, 150), (2, 120)])
def test_the_power_is_the_share_of_simulated_studies_that_pass(seeds: int, cases: int) -> None:
    """Within three standard errors of 2,000 studies, and what the parts' estimates leave (.03)."""
    of_seeds = 0.008 * (seeds >= 3)
    rng = np.random.default_rng(cases)
    studies = 0.05 * rng.normal(size=(2000, 1, cases)) + of_seeds * rng.normal(
        size=(2000, seeds, 1)
    )
    studies = studies + 0.03 * rng.normal(size=(2000, seeds, cases))
    largest = float(np.median(np.abs(studies).max(axis=(1, 2))))
    one = seeds == 1
    spread = PairedSpread(
        0.05**2 + 0.03**2 * one, of_seeds**2, 0.0 if one else 0.03**2, largest, seeds
    )

    expected = compute_power(spread, MARGIN, cases, seeds)

    passed = np.mean([each.verdict == "not worse" for each in run_loss_tests(studies, MARGIN)])
    assert passed == pytest.approx(expected, abs=0.03 + 3 * math.sqrt(0.25 / 2000))


def test_what_is_needed_has_the_power_and_one_case_less_has_not() -> None:
    spread = PairedSpread(0.1**2, 0.005**2, 0.05**2, 0.4, 3)

    needed = find_needed(spread, MARGIN, 60)

    cases, seeds = needed["cases"], needed["seeds"]
    assert cases is not None
    assert seeds is not None
    assert compute_power(spread, MARGIN, cases, seeds) >= 0.8
    assert compute_power(spread, MARGIN, cases - 1, seeds) < 0.8


def test_no_number_is_named_where_trainings_differ_too_much() -> None:
    needed = find_needed(PairedSpread(0.05**2, 0.5**2, 0.05**2, 0.4, 3), MARGIN, 60)

    assert (needed["cases"], needed["seeds"]) == (None, None)
