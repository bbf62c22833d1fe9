"""An experiment over α: crossings, shapes and the paper's claims."""

import itertools
import json
from typing import Any, cast, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.unit.metrics.as_json import (
    check_paper_claims,
    decide_trend,
    describe_alpha_curve,
    find_lowest,
)

from syntrust_metrics.trust import InvalidScores
from syntrust_metrics.trust.inference.findings import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Finding,
    require_almost_every,
    require_every,
)
from syntrust_metrics.trust.inference.trend import find_crossings, kendall_tau
from syntrust_metrics.trust.schema.inference import ClaimId, ClaimVerdict

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
REGIONS = ("ED", "ET", "NCR")
ALPHAS = (0.0, 0.25, 0.4, 0.5, 0.75, 1.0)
POLICY = {"resamples": 300}


def draw_cases(
    real: float, synthetic: float, *, seeds: int, m: int, seed: int
) -> list[dict[str, Any]]:
    """Give cases whose Dice lie around these levels; trainings and cases add noise."""
    cohort = np.random.default_rng(0).normal(0, 0.05, (m, 3))
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(seeds):
        noise = rng.normal(0, 0.01, (2, m, 3)) + rng.normal(0, 0.002, (2, 1, 1))
        dice = np.clip(cohort + noise + np.array([real, synthetic])[:, None, None], 0, 1)
        cases += [
            {
                "id": f"c{i:03d}",
                "seed": number,
                "real": dict(zip(REGIONS, dice[0, i].tolist(), strict=True)),
                "synthetic": dict(zip(REGIONS, dice[1, i].tolist(), strict=True)),
            }
            for i in range(m)
        ]
    return cases


def make_crossing_sweep(
    seeds: int = 1, m: int = 60, alphas: tuple[float, ...] = ALPHAS
) -> dict[float, list[dict[str, Any]]]:
    """T1_R rises and T1_S falls over α; they meet at 0.5."""
    return {
        alpha: draw_cases(
            0.7 + 0.1 * (alpha - 0.5), 0.7 - 0.1 * (alpha - 0.5), seeds=seeds, m=m, seed=i
        )
        for i, alpha in enumerate(alphas)
    }


def test_the_curves_meet_where_they_were_made_to() -> None:
    found = describe_alpha_curve(make_crossing_sweep(), POLICY)

    assert found["alpha_star"]["value"] == pytest.approx(0.5, abs=0.05)
    low, high = found["alpha_star"]["ci"]
    assert low <= found["alpha_star"]["value"] <= high
    assert len(found["crossings"]) == 1


def test_alpha_star_of_several_trainings_is_wider_or_needs_every_training_to_cross() -> None:
    sweep = make_crossing_sweep(seeds=3)
    several = describe_alpha_curve(sweep, POLICY)["alpha_star"]
    for cases in sweep.values():
        for case in cases:
            if case["seed"] == 1:
                case["real"] = {region: min(1.0, x + 0.12) for region, x in case["real"].items()}

    lost = describe_alpha_curve(sweep, POLICY)["alpha_star"]

    assert several["scope"] == "training seeds"
    assert several["ci"][0] <= several["value"] <= several["ci"][1]
    assert lost["ci"] is None
    assert lost["reason"] == "not every training crosses once"


def test_d_is_the_mean_over_seeds_of_the_difference_of_t1() -> None:
    sweep = make_crossing_sweep(seeds=3)

    found = describe_alpha_curve(sweep, POLICY)

    for point in found["points"]:
        cases = sweep[point["alpha"]]
        gaps = [
            np.mean(list(c["real"].values())) - np.mean(list(c["synthetic"].values()))
            for c in cases
        ]
        assert point["difference"]["value"] == pytest.approx(np.mean(gaps), abs=1e-12)
        assert point["difference"]["seed_sd"] > 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-1.0, 1.0, 2.0], [0.25]),
        ([1.0, -3.0, 1.0], [0.125, 0.875]),
        ([-1.0, 0.0, 1.0], [0.5]),
        ([-1.0, 0.0, -1.0], []),
        ([-1.0, -0.5, 0.0], []),
        ([0.0, 0.0, 0.0], []),
        ([1.0, 2.0, 3.0], []),
    ],
)
def test_every_change_of_sign_is_interpolated(values: list[float], expected: list[float]) -> None:
    found = find_crossings(np.array([0.0, 0.5, 1.0]), np.array(values))

    assert [each.alpha for each in found] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("levels", "reason"),
    [((0.6, 0.6, 0.6), "no crossing"), ((0.6, 0.8, 0.6), "several crossings")],
)
def test_alpha_star_needs_exactly_one_crossing(levels: tuple[float, ...], reason: str) -> None:
    sweep = {
        alpha: draw_cases(level, 0.7, seeds=1, m=30, seed=i)
        for i, (alpha, level) in enumerate(zip((0.0, 0.5, 1.0), levels, strict=True))
    }

    found = describe_alpha_curve(sweep, POLICY)["alpha_star"]

    assert (found["value"], found["reason"]) == (None, reason)


@pytest.mark.parametrize("size", [5, 6, 7])
def test_kendall_is_exact(size: int) -> None:
    for order in itertools.islice(itertools.permutations(range(size)), 0, None, 7):
        expected = stats.kendalltau(range(size), order, method="exact")

        tau, p = kendall_tau(np.array(order, dtype=float))

        assert tau == pytest.approx(expected.statistic)
        assert p == pytest.approx(expected.pvalue)


def test_with_three_seeds_a_trend_is_a_t_interval_over_their_slopes() -> None:
    alphas = np.array([0.0, 0.25, 0.5, 1.0])
    by_seed = np.random.default_rng(0).normal(0, 0.01, (4, 3)) - 0.1 * alphas[:, None]

    found = decide_trend(alphas, by_seed, 0.95)

    slopes = [stats.linregress(alphas, column).slope for column in by_seed.T]
    interval = stats.ttest_1samp(slopes, 0).confidence_interval(0.95)
    assert found["slope"] == pytest.approx(np.mean(slopes))
    assert found["ci"] == pytest.approx(list(interval))
    assert found["verdict"] == "falling"


@pytest.mark.parametrize(
    ("alphas", "seeds", "verdict", "reason"),
    [
        (5, 1, "rising", None),
        (5, 2, "rising", None),
        (4, 2, "undecided", "training noise not measured"),
        (4, 3, "rising", None),
        (1, 3, "undecided", "fewer than two α"),
    ],
)
def test_a_shape_needs_three_seeds_or_five_alphas(
    alphas: int, seeds: int, verdict: str, reason: str | None
) -> None:
    by_seed = np.linspace(0, 1, alphas)[:, None] + 0.001 * np.arange(seeds)

    found = decide_trend(np.linspace(0, 1, alphas), by_seed, 0.95)

    assert (found["verdict"], found["reason"]) == (verdict, reason)


def test_flat_curves_are_rarely_called_a_trend() -> None:
    rng = np.random.default_rng(0)
    alphas = np.linspace(0, 1, 11)

    found = [decide_trend(alphas, rng.normal(0, 1, (11, 3)), 0.95)["verdict"] for _ in range(1000)]
    single = [decide_trend(alphas, rng.normal(0, 1, (11, 1)), 0.95)["verdict"] for _ in range(1000)]

    assert sum(verdict != "undecided" for verdict in found) <= 70
    assert sum(verdict != "undecided" for verdict in single) <= 70


def test_flat_curves_are_rarely_given_a_lowest_place() -> None:
    rng = np.random.default_rng(0)
    alphas = np.linspace(0, 1, 11)

    found = [find_lowest(alphas, rng.normal(0, 1, (11, 4)), 0.95)["verdict"] for _ in range(500)]

    assert found.count("lowest") <= 5


def test_a_clear_valley_has_its_lowest_place() -> None:
    alphas = np.linspace(0, 1, 5)
    by_seed = (alphas[:, None] - 0.5) ** 2 + 0.0001 * np.random.default_rng(0).normal(0, 1, (5, 4))

    found = find_lowest(alphas, by_seed, 0.95)

    assert (found["verdict"], found["alpha"]) == ("lowest", 0.5)
    assert find_lowest(alphas, by_seed[:, :2], 0.95)["reason"] == "training noise not measured"


def make_findings(*names: str) -> list[Finding]:
    return [Finding(cast("ClaimVerdict", name), None, {"comparison": "X > Y"}) for name in names]


def test_every_and_almost_every_are_counted() -> None:
    assert require_every(make_findings(HOLDS, HOLDS))[0] == HOLDS
    assert require_every(make_findings(HOLDS, UNDECIDED))[0] == UNDECIDED
    assert require_every(make_findings(HOLDS, UNDECIDED, FAILS))[0] == FAILS
    assert require_almost_every(make_findings(*[HOLDS] * 9, FAILS))[0] == HOLDS
    assert require_almost_every(make_findings(*[HOLDS] * 8, UNDECIDED, FAILS))[0] == UNDECIDED
    assert require_almost_every(make_findings(*[HOLDS] * 8, FAILS, FAILS))[0] == FAILS


CLAIMS: tuple[str, ...] = get_args(ClaimId)


def check_claims(sweep: dict[float, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    found = check_paper_claims(sweep, POLICY)
    json.dumps(found, allow_nan=False)
    assert tuple(claim["id"] for claim in found) == CLAIMS
    for claim in found:
        assert claim["verdict"] in {HOLDS, FAILS, UNDECIDED}
        assert (claim["reason"] is None) == (claim["verdict"] == HOLDS)
    return {claim["id"]: claim for claim in found}


def test_curves_that_meet_in_the_middle_hold_the_first_claim() -> None:
    found = check_claims(make_crossing_sweep())["t1_meets_in_the_middle"]

    assert found["verdict"] == HOLDS
    assert [each["alpha"] for each in found["numbers"]] == [0.4, 0.5, 0.0, 1.0]


def test_curves_that_never_part_fail_the_first_claim() -> None:
    sweep = {a: draw_cases(0.7, 0.7, seeds=1, m=60, seed=i) for i, a in enumerate(ALPHAS)}

    assert check_claims(sweep)["t1_meets_in_the_middle"]["verdict"] == FAILS


LEVELS = {"ED": 0.80, "ET": 0.75, "NCR": 0.70}
SPREADS = {"ED": 0.01, "ET": 0.025, "NCR": 0.05}
GROWTH = {"ED": 0.2, "ET": 0.3, "NCR": 0.6}  # of the real side's spread, per unit of α


def draw_published_sweep(seeds: int = 3, m: int = 60) -> dict[float, list[dict[str, Any]]]:
    """Give scores made to behave as the paper says: the same cases, spread wider on real images."""
    units = np.random.default_rng(3).uniform(-1.7, 1.7, (m, 3))

    def case(alpha: float, seed: int, i: int) -> dict[str, Any]:
        real, synthetic = {}, {}
        for k, region in enumerate(REGIONS):
            step = SPREADS[region] * units[i, k]
            real[region] = LEVELS[region] + step * (1 + GROWTH[region] * alpha) + 1e-4 * seed
            synthetic[region] = LEVELS[region] + 0.5 * step - 1e-4 * seed
        return {"id": f"c{i:02d}", "seed": seed, "real": real, "synthetic": synthetic}

    return {
        alpha: [case(alpha, seed, i) for seed in range(seeds) for i in range(m)] for alpha in ALPHAS
    }


def test_scores_that_behave_as_published_hold_most_claims() -> None:
    found = check_claims(draw_published_sweep())

    for claim in ("t2_higher_on_synthetic", "t3_order", "t3_falls", "t5_lower_on_synthetic"):
        assert found[claim]["verdict"] == HOLDS, found[claim]
    assert found["t5_stable"]["verdict"] == HOLDS, found["t5_stable"]["reason"]


def test_the_opposite_of_what_was_published_fails() -> None:
    swapped = {
        alpha: [{**c, "real": c["synthetic"], "synthetic": c["real"]} for c in cases]
        for alpha, cases in draw_published_sweep().items()
    }

    found = check_claims(swapped)

    assert found["t2_higher_on_synthetic"]["verdict"] == FAILS
    assert found["t5_lower_on_synthetic"]["verdict"] == FAILS


def test_one_training_seed_leaves_every_shape_undecided() -> None:
    found = check_claims(draw_published_sweep(seeds=1))

    for claim in ("t3_falls", "t4_lowest_in_the_middle", "t5_stable"):
        assert found[claim]["verdict"] == UNDECIDED
        assert "training noise not measured" in found[claim]["reason"]


def test_few_cases_decide_nothing() -> None:
    sweep = {a: cases[:9] for a, cases in draw_published_sweep(seeds=1).items()}

    assert {claim["verdict"] for claim in check_claims(sweep).values()} == {UNDECIDED}


def test_a_claim_without_its_alphas_says_what_it_needs() -> None:
    sweep = {alpha: cases for alpha, cases in draw_published_sweep().items() if alpha == 0.25}

    found = check_claims(sweep)

    for claim in ("t1_meets_in_the_middle", "t4_lowest_in_the_middle", "t4_order_at_zero"):
        assert found[claim]["verdict"] == UNDECIDED
        assert found[claim]["reason"].startswith("needs")


def test_other_regions_test_no_claim() -> None:
    sweep = {
        alpha: [
            {**c, "real": {"TC": c["real"]["ET"]}, "synthetic": {"TC": c["synthetic"]["ET"]}}
            for c in cases
        ]
        for alpha, cases in draw_published_sweep().items()
    }

    found = check_claims(sweep)

    assert {claim["reason"] for claim in found.values()} == {"needs the regions ED, ET, NCR"}


def test_alphas_scored_on_other_cases_are_refused() -> None:
    sweep = make_crossing_sweep()
    sweep[0.5] = sweep[0.5][:-1]

    with pytest.raises(InvalidScores, match=r"α = 0\.5 has other ids"):
        describe_alpha_curve(sweep)


def test_an_experiment_of_many_alphas_and_seeds_is_json() -> None:
    json.dumps(describe_alpha_curve(make_crossing_sweep(seeds=3), POLICY), allow_nan=False)
