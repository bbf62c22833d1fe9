"""Equivalence and non-inferiority against scipy's t tests, Holm by hand, and simulation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats
from tests.unit.metrics.as_json import compare_with_real, score_cases

from syntrust_metrics.trust import InvalidScores
from syntrust_metrics.trust.inference.equivalence import assess_equivalence
from syntrust_metrics.trust.inference.margin_tests import (
    LEVEL,
    adjust_by_holm,
    decide,
    equivalence_margin,
    non_inferiority_margin,
    run_paired_test,
)

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
REGIONS = ("ED", "ET", "NCR")
MARGIN = 0.03


def draw_normal(
    m: int, mean: float = 0.0, sd: float = 0.05, seed: int = 0, seeds: int = 1
) -> NDArray[np.float64]:
    """Draw (S, M) differences."""
    return np.random.default_rng(seed).normal(mean, sd, (seeds, m))


def make_exact(m: int, mean: float, sd: float) -> Array:
    """Give (1, M) differences of this mean and sample sd and no outliers."""
    x = np.tile([-1.0, 1.0], m // 2)
    differences: Array = (mean + sd * x / x.std(ddof=1))[None]
    return differences


def make_table(differences: Array) -> Array:
    """Give (1, 2, M, 3) Dice whose real - synthetic are (3, M) `differences`."""
    synthetic = np.full(differences.shape, 0.6)
    return np.stack([(synthetic + differences).T, synthetic.T])[None]


@pytest.mark.parametrize("mean", [-0.06, -0.02, 0.0, 0.011, 0.029, 0.04])
def test_p_values_are_those_of_two_one_sided_t_tests(mean: float) -> None:
    differences = draw_normal(73, mean)

    found = run_paired_test(differences, equivalence_margin(MARGIN))

    above = stats.ttest_1samp(differences[0], -MARGIN, alternative="greater").pvalue
    below = stats.ttest_1samp(differences[0], MARGIN, alternative="less").pvalue
    assert found.p_inside == pytest.approx(max(above, below), rel=1e-9)
    outside = (
        stats.ttest_1samp(differences[0], -MARGIN, alternative="less").pvalue,
        stats.ttest_1samp(differences[0], MARGIN, alternative="greater").pvalue,
    )
    assert found.p_outside == pytest.approx(min(outside), rel=1e-9)
    interval = stats.ttest_1samp(differences[0], 0).confidence_interval(0.9)
    assert found.ci90 == pytest.approx(tuple(interval), rel=1e-9)


@given(st.lists(st.floats(-0.5, 0.5, width=32), min_size=50, max_size=80))
def test_one_region_is_inside_exactly_when_its_interval_is(values: list[float]) -> None:
    found = run_paired_test(np.array([values]), equivalence_margin(MARGIN))

    assert found.ci90 is not None
    assert found.p_inside is not None
    inside = max(-found.ci90[0], found.ci90[1]) < MARGIN
    assert (found.p_inside < LEVEL) == inside


def test_non_inferiority_is_the_lower_test_alone() -> None:
    differences = draw_normal(80, 0.2)

    found = run_paired_test(differences, non_inferiority_margin(MARGIN))

    lower = stats.ttest_1samp(differences[0], -MARGIN, alternative="greater").pvalue
    assert found.p_inside == pytest.approx(lower, rel=1e-9)
    assert decide([found], non_inferiority_margin(MARGIN))[0].verdict == "non-inferior"


def test_holm_by_hand() -> None:
    assert adjust_by_holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjust_by_holm([0.02, None, 0.5]) == [0.04, None, 0.5]
    assert adjust_by_holm([0.9, 0.8]) == [1.0, 1.0]
    assert adjust_by_holm([]) == []


def test_a_region_alone_may_fail_where_every_region_holds() -> None:
    # p of .03 each: an intersection at .05, but Holm asks the smallest for .0167.
    margin = float(stats.t.ppf(0.97, 399)) * 0.05 / math.sqrt(400)
    differences = np.concatenate([make_exact(400, 0.0, 0.05)] * 3)

    found = assess_equivalence(make_table(differences), REGIONS, margin)

    assert {each["verdict"] for each in found["regions"].values()} == {"inconclusive"}
    assert {each["reason"] for each in found["regions"].values()} == {"not after Holm's adjustment"}
    assert found["overall"]["p"] == pytest.approx(0.03, abs=1e-6)
    assert found["overall"]["verdict"] == found["every_region"] == "equivalent"


def test_one_region_that_differs_refutes_every_region() -> None:
    differences = np.concatenate(
        [draw_normal(80), draw_normal(80, seed=1), draw_normal(80, 0.2, seed=2)]
    )

    found = assess_equivalence(make_table(differences), REGIONS, MARGIN)

    assert found["regions"]["NCR"]["verdict"] == "different"
    assert found["every_region"] == "not every region"
    assert found["different_regions"] == ["NCR"]


def test_only_regions_that_all_differ_make_the_whole_different() -> None:
    far = np.concatenate([draw_normal(80, 0.2, seed=k) for k in range(3)])

    found = assess_equivalence(make_table(far), REGIONS, MARGIN)

    assert found["every_region"] == "different"
    assert found["different_regions"] == list(REGIONS)


def test_what_is_undecided_names_what_withheld_it() -> None:
    few, many = 20, 80
    margin = equivalence_margin(MARGIN)

    def reason(*tests: Array) -> str | None:
        return decide([run_paired_test(each, margin) for each in tests], margin)[0].reason

    assert reason(make_exact(few, 0.0, 0.3)) == "the interval reaches past the margin"
    assert reason(make_exact(many, 0.0, 0.3)) == "the interval reaches past the margin"
    assert reason(make_exact(few, 0.0, 0.01)) == "fewer than 50 cases"
    barely = MARGIN - float(stats.t.ppf(0.97, many - 1)) * 0.05 / math.sqrt(many)
    others = [make_exact(many, 0.0, 0.3)] * 2
    assert reason(make_exact(many, barely, 0.05), *others) == "not after Holm's adjustment"
    beyond = MARGIN + float(stats.t.ppf(0.97, many - 1)) * 0.05 / math.sqrt(many)
    outside = "outside the margin, but not after Holm's adjustment"
    assert reason(make_exact(many, beyond, 0.05), *others) == outside


@pytest.mark.parametrize("mean", [0.0, 0.005, 0.02, -0.02])
def test_a_difference_may_exclude_zero_and_lie_inside_the_margin(mean: float) -> None:
    found = assess_equivalence(
        make_table(np.concatenate([make_exact(80, mean, 0.02)] * 3)), REGIONS, MARGIN
    )["overall"]

    interval = stats.ttest_1samp(make_exact(80, mean, 0.02)[0], 0).confidence_interval(0.9)
    assert found["excludes_zero"] == (interval.low > 0 or interval.high < 0)
    assert found["verdict"] == "equivalent"


@pytest.mark.parametrize(("m", "verdict"), [(48, "inconclusive"), (50, "equivalent")])
def test_fewer_than_fifty_cases_never_give_equivalent(m: int, verdict: str) -> None:
    found = assess_equivalence(
        make_table(np.concatenate([make_exact(m, 0.0, 0.01)] * 3)), REGIONS, MARGIN
    )

    assert found["overall"]["verdict"] == verdict
    assert found["every_region"] == verdict
    if m < 50:
        assert found["regions"]["ED"]["reason"] == "fewer than 50 cases"


def test_a_rare_large_failure_withholds_equivalence() -> None:
    calm = make_exact(100, 0.0, 0.02)
    with_failure = calm.copy()
    with_failure[0, 0] = 0.9

    margin = equivalence_margin(MARGIN)
    test = run_paired_test(with_failure, margin)

    assert test.p_inside is not None
    assert test.p_inside < LEVEL
    assert decide([test], margin)[0].reason == "rare large failures"
    assert decide([run_paired_test(calm, margin)], margin)[0].verdict == "equivalent"


@pytest.mark.parametrize("size", [0.1, 0.3, 0.5, 0.6, 0.7, 0.9])
def test_rare_failures_are_three_more_of_the_largest_size(size: float) -> None:
    differences = make_exact(120, 0.004, 0.03)
    differences[0, 0] = -size
    margin = equivalence_margin(MARGIN)

    found = run_paired_test(differences, margin).fragile

    intervals = [
        stats.ttest_1samp(np.append(differences, [sign * size] * 3), 0).confidence_interval(0.9)
        for sign in (-1, 1)
    ]
    leaves = any(low <= -MARGIN or high >= MARGIN for low, high in intervals)
    assert found == leaves


def test_under_ten_cases_nothing_is_tested() -> None:
    found = assess_equivalence(make_table(np.concatenate([draw_normal(9)] * 3)), REGIONS, MARGIN)[
        "overall"
    ]

    assert found["difference"] is not None
    assert found["verdict"] == "inconclusive"
    assert (found["ci90"], found["p"], found["power"]) == (None, None, None)
    assert found["reason"] == "fewer than 10 cases"


def test_equal_scores_are_equivalent_with_certainty() -> None:
    found = assess_equivalence(make_table(np.zeros((3, 60))), REGIONS, MARGIN)["overall"]

    assert found["verdict"] == "equivalent"
    assert found["ci90"] == [0, 0]
    assert (found["p"], found["power"]) == (0, 1)


@pytest.mark.parametrize("sd", [0.05, 0.12, 0.3])
@pytest.mark.parametrize("m", [15, 60])
def test_power_is_the_chance_of_equivalence_at_no_difference(sd: float, m: int) -> None:
    differences = make_exact(2 * (m // 2), 0.01, sd)
    m = differences.shape[1]
    error, t = sd / math.sqrt(m), float(stats.t.ppf(0.95, m - 1))

    def inside(s: float) -> float:
        reach = MARGIN / error - t * s
        chance = max(0.0, float(stats.norm.cdf(reach) - stats.norm.cdf(-reach)))
        return chance * float(stats.chi.pdf(s * math.sqrt(m - 1), m - 1)) * math.sqrt(m - 1)

    expected = integrate.quad(inside, 0, 4, points=[1.0], limit=200)[0]

    found = run_paired_test(differences, equivalence_margin(MARGIN)).power
    assert found == pytest.approx(expected, abs=2e-3)


def test_equivalence_is_rarely_found_at_the_margin() -> None:
    rng = np.random.default_rng(0)
    margin = equivalence_margin(MARGIN)

    found = [
        run_paired_test(rng.normal(MARGIN, 0.05, (1, 60)), margin).p_inside for _ in range(2000)
    ]

    share = sum(p is not None and p < LEVEL for p in found) / len(found)
    assert share <= 0.06


def test_seeds_widen_the_interval_by_what_trainings_differ() -> None:
    cases = draw_normal(100, sd=0.05)
    trainings = cases + np.array([[-0.04], [0.0], [0.04]])
    margin = equivalence_margin(MARGIN)

    one, three = run_paired_test(cases, margin), run_paired_test(trainings, margin)

    assert one.ci90 is not None
    assert three.ci90 is not None
    assert three.difference == pytest.approx(one.difference)
    assert three.ci90[1] - three.ci90[0] > 2 * (one.ci90[1] - one.ci90[0])
    from_seeds, from_cases = 0.04**2 / 3, float(cases.var(ddof=1)) / 100
    dof = (from_seeds + from_cases) ** 2 / (from_seeds**2 / 2 + from_cases**2 / 99)
    half = float(stats.t.ppf(0.95, dof)) * math.sqrt(from_seeds + from_cases)
    assert (three.ci90[1] - three.ci90[0]) / 2 == pytest.approx(half)


def make_entries(dice: Array) -> list[dict[str, Any]]:
    """Turn (S, M, 3) Dice on real images into cases; the synthetic side is irrelevant."""
    return [
        {
            "id": f"c{i:03d}",
            "seed": seed,
            "real": dict(zip(REGIONS, row.tolist(), strict=True)),
            "synthetic": dict.fromkeys(REGIONS, 0.5),
        }
        for seed, layer in enumerate(dice)
        for i, row in enumerate(layer)
    ]


def draw_trained(shift: float, seeds: int = 1, m: int = 80) -> Array:
    base = np.random.default_rng(5).beta(6, 2, (1, m, 3)) * 0.8 + 0.1
    noise = np.random.default_rng(abs(hash(shift)) % 1000).normal(0, 0.02, (seeds, m, 3))
    return np.clip(base + shift + noise, 0, 1)


def test_a_model_is_compared_with_the_real_one_by_case() -> None:
    half, real = draw_trained(-0.005), draw_trained(0.0)

    found = compare_with_real(make_entries(half), make_entries(real))

    gaps = half[0] - real[0]
    for k, region in enumerate(REGIONS):
        body = found["regions"][region]
        assert body["difference"] == pytest.approx(gaps[:, k].mean(), abs=1e-12)
        p = stats.ttest_1samp(gaps[:, k], -MARGIN, alternative="greater").pvalue
        assert body["non_inferiority"]["p"] == pytest.approx(p, rel=1e-9)
        assert body["non_inferiority"]["verdict"] == "non-inferior"
        assert body["equivalence"]["verdict"] == "equivalent"
    assert found["every_region"] == {
        "non_inferiority": "non-inferior",
        "equivalence": "equivalent",
        "inferior_regions": [],
        "different_regions": [],
    }
    assert found["scope"] == "this trained model"


def test_a_better_model_is_not_inferior_and_not_equivalent() -> None:
    found = compare_with_real(make_entries(draw_trained(0.08)), make_entries(draw_trained(0.0)))[
        "overall"
    ]

    assert found["non_inferiority"]["verdict"] == "non-inferior"
    assert found["equivalence"]["verdict"] == "different"


def test_a_worse_model_is_inferior() -> None:
    found = compare_with_real(make_entries(draw_trained(-0.08)), make_entries(draw_trained(0.0)))

    assert {each["non_inferiority"]["verdict"] for each in found["regions"].values()} == {
        "inferior"
    }
    assert found["every_region"]["non_inferiority"] == "inferior"


def test_the_synthetic_side_has_no_say_against_the_real_model() -> None:
    cases, real = make_entries(draw_trained(-0.01)), make_entries(draw_trained(0.0))
    other = [{**case, "synthetic": dict.fromkeys(REGIONS, 0.1)} for case in cases]

    assert compare_with_real(cases, real) == compare_with_real(other, real)


def test_seeds_of_both_models_are_paired() -> None:
    found = compare_with_real(
        make_entries(draw_trained(-0.01, seeds=3)), make_entries(draw_trained(0.0, seeds=3))
    )

    assert found["seeds"] == 3
    assert found["scope"] == "training seeds"


@pytest.mark.parametrize("lists", ["ids", "seeds", "regions"])
def test_models_scored_on_other_cases_are_not_compared(lists: str) -> None:
    cases = make_entries(draw_trained(0.0, m=20))
    others = {
        "ids": [*cases[:-1], {**cases[-1], "id": "other"}],
        "seeds": [{**case, "seed": 7} for case in cases],
        "regions": [{**case, "real": {"ET": 0.5}, "synthetic": {"ET": 0.5}} for case in cases],
    }

    with pytest.raises(InvalidScores, match=lists):
        compare_with_real(others[lists], cases)


def test_an_answer_holds_the_equivalence_of_its_own_scores() -> None:
    dice = make_table(np.concatenate([draw_normal(60, sd=0.02)] * 3))
    cases = [
        {
            "id": f"c{i:03d}",
            "real": dict(zip(REGIONS, dice[0, 0, i].tolist(), strict=True)),
            "synthetic": dict(zip(REGIONS, dice[0, 1, i].tolist(), strict=True)),
        }
        for i in range(60)
    ]

    answer = score_cases({"cases": cases, "policy": {"margin": 0.05, "resamples": 0}})

    found = answer["equivalence"]
    assert found["margin"] == 0.05
    assert found["regions"].keys() == set(REGIONS)
    keys = {"verdict", "difference", "ci90", "p", "power", "excludes_zero", "reason"}
    assert found["overall"].keys() == keys
    assert found["overall"]["verdict"] == "equivalent"
