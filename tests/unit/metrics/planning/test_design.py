"""Power against the noncentral t, Owen's integral, and studies that were simulated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from syntrust_metrics.planning.design import (
    QUESTIONS,
    Design,
    Question,
    Target,
    find_cases,
    find_seeds,
)
from syntrust_metrics.planning.spread import Spread, measure_spread
from syntrust_metrics.trust.estimation.intervals import crossed_means

pytestmark = pytest.mark.numeric

MARGIN = 0.03
STUDIES = 4000
WIDE = Spread(case_sd=0.08, seed_sd=0.01, residual_sd=0.05)
CASES_ALONE = Spread(case_sd=0.1)


def draw_studies(spread: Spread, cases: int, seeds: int, mean: float) -> NDArray[np.float64]:
    """Draw (STUDIES, S, M) differences of cases that are crossed with seeds."""
    rng = np.random.default_rng([cases, seeds])
    of_cases = rng.normal(mean, spread.case_sd, (STUDIES, 1, cases))
    of_seeds = rng.normal(0, spread.seed_sd or 0, (STUDIES, seeds, 1))
    rest = rng.normal(0, spread.residual_sd or 0, (STUDIES, seeds, cases))
    drawn: NDArray[np.float64] = of_cases + of_seeds + rest
    return drawn


def share_found(drawn: NDArray[np.float64], question: Question) -> float:
    """Give the share of studies whose mean the platform's own interval puts inside."""
    means = [mean for mean in crossed_means(drawn) if mean is not None]
    assert len(means) == STUDIES
    value, error, dof = np.array([(each.value, each.error, each.dof) for each in means]).T
    reach = stats.t.ppf(0.95, dof) * error
    below = value + reach < MARGIN if question == "equivalence" else True
    return float(np.mean((value - reach > -MARGIN) & below))


@pytest.mark.parametrize("cases", [12, 60, 251])
@pytest.mark.parametrize("difference", [0.0, -0.01])
def test_with_one_seed_non_inferiority_has_the_power_of_the_noncentral_t(
    cases: int, difference: float
) -> None:
    found = Design(CASES_ALONE, cases, 1).power("non_inferiority", MARGIN, difference)

    error = CASES_ALONE.case_sd / math.sqrt(cases)
    critical = stats.t.ppf(0.95, cases - 1)
    exact = stats.nct.sf(critical, cases - 1, (MARGIN + difference) / error)
    assert found == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("cases", [60, 251])
def test_with_one_seed_equivalence_has_the_power_of_owens_integral(cases: int) -> None:
    found = Design(CASES_ALONE, cases, 1).power("equivalence", MARGIN, 0.005)

    dof, error = cases - 1, CASES_ALONE.case_sd / math.sqrt(cases)
    critical = stats.t.ppf(0.95, dof)

    def inside(squared: float) -> float:
        reach = critical * error * math.sqrt(squared / dof)
        upper, lower = MARGIN - 0.005 - reach, -MARGIN - 0.005 + reach
        chance = stats.norm.cdf(upper / error) - stats.norm.cdf(lower / error)
        return float(max(0.0, chance) * stats.chi2.pdf(squared, dof))

    exact, _ = integrate.quad(inside, 0, stats.chi2.ppf(1 - 1e-12, dof), limit=200)
    assert found == pytest.approx(exact, abs=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("cases", "seeds"), [(60, 2), (60, 3), (120, 5)])
def test_the_platforms_own_test_finds_as_many_simulated_studies(
    cases: int, seeds: int, question: Question
) -> None:
    drawn = draw_studies(WIDE, cases, seeds, mean=-0.004)

    found = share_found(drawn, question)

    power = Design(WIDE, cases, seeds).power(question, MARGIN, -0.004)
    # Four standard errors of the share.
    assert found == pytest.approx(power, abs=4 * math.sqrt(power * (1 - power) / STUDIES))


@pytest.mark.parametrize("question", QUESTIONS)
def test_at_the_margin_itself_power_is_the_level(question: Question) -> None:
    assert Design(CASES_ALONE, 100, 1).power(question, MARGIN, -MARGIN) == pytest.approx(
        0.05, abs=2e-4
    )


@given(
    st.floats(0.01, 0.3),
    st.integers(10, 400),
    st.sampled_from(QUESTIONS),
    st.floats(0.005, 0.1),
)
def test_more_cases_and_wider_margins_never_lower_the_power_of_one_training(
    sd: float, cases: int, question: Question, margin: float
) -> None:
    power = Design(Spread(sd), cases, 1).power(question, margin)

    assert Design(Spread(sd), cases + 1, 1).power(question, margin) >= power - 1e-4
    assert Design(Spread(sd), cases, 1).power(question, 1.1 * margin) >= power


@given(st.integers(2, 20), st.floats(0.001, 0.05), st.floats(0.0, 0.1), st.sampled_from(QUESTIONS))
def test_more_seeds_never_lower_a_power_that_is_worth_asking_for(
    seeds: int, seed_sd: float, residual_sd: float, question: Question
) -> None:
    spread = Spread(0.08, seed_sd, residual_sd)

    power = Design(spread, 100, seeds).power(question, MARGIN)

    # Below a half, two seeds that happen to agree may find equivalence more often than three.
    if question == "non_inferiority" or power >= 0.5:
        assert Design(spread, 100, seeds + 1).power(question, MARGIN) >= power - 1e-4


def test_more_cases_can_lower_the_power_where_two_seeds_decide() -> None:
    few, many = (Design(WIDE, cases, 2).power("non_inferiority", MARGIN) for cases in (251, 2000))

    assert few == pytest.approx(
        share_found(draw_studies(WIDE, 251, 2, 0.0), "non_inferiority"), abs=0.03
    )
    assert many < few


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("seeds", [1, 3])
def test_the_detectable_margin_is_met_with_the_power_that_was_asked_for(
    question: Question, seeds: int
) -> None:
    design = Design(WIDE, 100, seeds)

    margin = design.detectable(question, 0.8)

    assert margin is not None
    assert design.power(question, margin) == pytest.approx(0.8, abs=1e-9)
    assert design.power(question, 0.999 * margin) < 0.8


def test_the_detectable_margin_is_also_the_loss_that_a_test_against_0_finds() -> None:
    margin = Design(CASES_ALONE, 80, 1).detectable("non_inferiority", 0.8)
    assert margin is not None

    error = CASES_ALONE.case_sd / math.sqrt(80)
    exact = stats.nct.cdf(stats.t.ppf(0.05, 79), 79, -margin / error)

    assert exact == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_cases_that_are_found_suffice_and_one_fewer_does_not(question: Question) -> None:
    target = Target(question, MARGIN)

    cases = find_cases(CASES_ALONE, 1, target)

    assert cases is not None
    assert target.is_met(Design(CASES_ALONE, cases, 1))
    assert not target.is_met(Design(CASES_ALONE, cases - 1, 1))


def test_the_seeds_that_are_found_suffice_and_one_fewer_does_not() -> None:
    target, spread = Target("non_inferiority", MARGIN), Spread(0.08, 0.02, 0.05)

    seeds = find_seeds(spread, 100, target)

    assert seeds is not None
    assert target.is_met(Design(spread, 100, seeds))
    assert not target.is_met(Design(spread, 100, seeds - 1))


def test_no_number_is_given_where_none_suffices() -> None:
    target = Target("non_inferiority", 0.001)

    assert find_cases(Spread(0.1, 0.05, 0.05), 3, target) is None
    assert find_seeds(Spread(0.1, 0.05, 0.05), 50, target) is None


def test_a_verdict_takes_fifty_cases_however_small_the_spread() -> None:
    assert find_cases(Spread(0.001), 1, Target("equivalence", MARGIN)) == 50


def test_without_spread_everything_is_found() -> None:
    design = Design(Spread(0.0, 0.0, 0.0), 50, 3)

    assert design.power("equivalence", MARGIN) == 1.0
    assert design.power("equivalence", MARGIN, MARGIN) == 0.0
    assert design.detectable("non_inferiority", 0.8) == 0.0


def test_the_components_of_a_large_table_are_those_that_it_was_drawn_with() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(0, 0.08, 2000) + rng.normal(0, 0.03, (400, 1))
    table = table + rng.normal(0, 0.05, table.shape)

    found = measure_spread(table)

    assert found is not None
    # Five relative standard errors, 1 / sqrt(2 n): of 2000 cases and of 400 seeds.
    assert found.case_sd == pytest.approx(0.08, rel=5 / math.sqrt(4000))
    assert found.seed_sd == pytest.approx(0.03, rel=5 / math.sqrt(800))
    assert found.residual_sd == pytest.approx(0.05, rel=0.01)


def test_the_parts_add_up_to_what_the_test_estimates() -> None:
    # Expectations of the two parts of the test's squared error, from the components of one table.
    table = draw_studies(WIDE, 40, 4, 0.0)[0]

    found = measure_spread(table)

    assert found is not None
    of_case = table.mean(axis=0).var(ddof=1) / 40
    assert found.from_cases(40, 4) == pytest.approx(of_case, rel=1e-9)


def test_cases_that_a_training_left_out_are_not_measured() -> None:
    table = np.random.default_rng(0).normal(0, 0.1, (2, 30))
    gap = table.copy()
    gap[1, :5] = np.nan

    assert measure_spread(gap) == measure_spread(table[:, 5:])
    assert measure_spread(gap[:, :14]) is None
