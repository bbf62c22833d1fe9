"""T1-T5 against the golden table, plain loops and their own algebra."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.tolerances import U64, of_sum
from tests.unit.metrics.as_json import score_cases

from syntrust_metrics.trust.estimation.columns import Columns
from syntrust_metrics.trust.estimation.factors import compute_factors

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
GOLDEN = Path(__file__).parents[3] / "data" / "trust_golden.json"
REGIONS = ("ED", "ET", "NCR")
TWELVE_DIGITS = 1e-12


def make_request(dice: Array, **policy: Any) -> dict[str, Any]:
    """Build a request from (2, M, K) Dice, NaN being null."""
    sides = [
        [
            {
                region: None if math.isnan(x) else float(x)
                for region, x in zip(REGIONS, row, strict=False)
            }
            for row in side
        ]
        for side in dice
    ]
    cases = [
        {"id": f"case-{i:04d}", "real": real, "synthetic": synthetic}
        for i, (real, synthetic) in enumerate(zip(*sides, strict=True))
    ]
    return {"cases": cases, "policy": policy}


def make_table(m: int, k: int = 3, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    real = rng.beta(5, 2, (m, k))
    return np.stack([real, np.clip(0.7 * real + 0.3 * rng.beta(6, 2, (m, k)), 0, 1)])


DICE = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1, allow_subnormal=False, width=32))


@st.composite
def tables(draw: st.DrawFn) -> Array:
    shape = (2, draw(st.integers(1, 12)), draw(st.integers(1, 3)))
    values = draw(st.lists(DICE, min_size=math.prod(shape), max_size=math.prod(shape)))
    return np.array(values).reshape(shape)


def assert_close(expected: Any, answer: Any) -> None:
    if isinstance(expected, dict):
        assert expected.keys() == answer.keys()
        for key in expected:
            assert_close(expected[key], answer[key])
    else:
        assert answer["value"] == pytest.approx(expected, rel=0, abs=TWELVE_DIGITS)


def test_the_published_table_gives_the_published_factors() -> None:
    golden = json.loads(GOLDEN.read_text())

    factors = score_cases(golden["request"])["factors"]

    assert factors.keys() == golden["expected"].keys() - {"note"}
    assert_close({name: golden["expected"][name] for name in factors}, factors)


def test_factors_agree_with_plain_loops() -> None:
    dice = make_table(17)
    m, k = dice.shape[1:]

    found = compute_factors(Columns.from_dice(dice), ddof=0)

    for side in (0, 1):
        means = [math.fsum(dice[side, i]) / k for i in range(m)]
        t1 = math.fsum(means) / m
        assert found.t1[side] == pytest.approx(t1, abs=of_sum(m * k, unit=U64))
        spread = math.sqrt(math.fsum((x - t1) ** 2 for x in means) / m)
        assert found.t2[side] == pytest.approx(1 - spread, abs=of_sum(m * k, unit=U64))
    for j in range(k):
        real, synthetic = dice[0, :, j].tolist(), dice[1, :, j].tolist()
        pairs = list(zip(real, synthetic, strict=True))
        product = math.fsum(r * s for r, s in pairs)
        assert found.t3[j] == pytest.approx(product / math.hypot(*real) / math.hypot(*synthetic))
        assert found.t4[j] == pytest.approx(math.fsum(abs(r - s) for r, s in pairs) / m)
        for side, column in enumerate((real, synthetic)):
            mean = math.fsum(column) / m
            spread = math.sqrt(math.fsum((x - mean) ** 2 for x in column) / m)
            assert found.t5[side, j] == pytest.approx(spread / mean)


@given(tables())
def test_defined_factors_stay_in_their_ranges(dice: Array) -> None:
    found = compute_factors(Columns.from_dice(dice), ddof=0)

    for factor in (found.t1, found.t3[~np.isnan(found.t3)], found.t4):
        assert ((factor >= 0) & (factor <= 1 + 1e-15)).all()
    assert ((found.t2 >= 0.5 - 1e-15) & (found.t2 <= 1)).all()
    mean = dice.mean(axis=1)
    alive = mean > 0
    limit = np.sqrt((1 - mean[alive]) / mean[alive])
    assert (found.t5[alive] <= limit * (1 + 1e-9) + 1e-7).all()
    assert np.isnan(found.t5[~alive]).all()


@given(tables())
def test_the_mean_absolute_difference_lies_between_bias_and_rms(dice: Array) -> None:
    real, synthetic = dice

    t4 = compute_factors(Columns.from_dice(dice), ddof=0).t4

    assert (np.abs(real.mean(axis=0) - synthetic.mean(axis=0)) <= t4 + 1e-15).all()
    assert (t4 <= np.sqrt(((real - synthetic) ** 2).mean(axis=0)) + 1e-15).all()


@given(tables())
def test_t3_follows_from_correlation_and_coefficients_of_variation(dice: Array) -> None:
    found = compute_factors(Columns.from_dice(dice), ddof=0)
    real, synthetic = dice
    means = dice.mean(axis=1)

    for k in np.flatnonzero((means > 1e-3).all(axis=0)):
        covariance = ((real[:, k] - means[0, k]) * (synthetic[:, k] - means[1, k])).mean()
        spread = (1 + found.t5[0, k] ** 2) * (1 + found.t5[1, k] ** 2)
        identity = (1 + covariance / means[0, k] / means[1, k]) / math.sqrt(spread)
        assert found.t3[k] == pytest.approx(identity, rel=0, abs=1e-12)


def test_t3_is_one_for_a_multiple_and_only_for_a_multiple() -> None:
    real = make_table(40)[0]
    other = real.copy()
    other[0] = 0.5 * other[0]

    multiple = compute_factors(Columns.from_dice(np.stack([real, real / 2])), ddof=0).t3
    nearly = compute_factors(Columns.from_dice(np.stack([real, other])), ddof=0).t3

    assert multiple == pytest.approx(np.ones(3), abs=of_sum(40, unit=U64))
    assert (nearly < 1 - 1e-6).all()


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_order_of_cases_changes_nothing(dice: Array, random: Any) -> None:
    request = make_request(dice, resamples=100)
    shuffled = {**request, "cases": random.sample(request["cases"], len(request["cases"]))}

    assert score_cases(request) == score_cases(shuffled)


def test_the_order_of_cases_changes_no_interval() -> None:
    request = make_request(make_table(60))

    backwards = score_cases({**request, "cases": request["cases"][::-1]})

    assert backwards == score_cases(request)


def test_breaking_the_pairs_moves_only_t3_and_t4() -> None:
    dice = make_table(60)
    broken = np.stack([dice[0], dice[1, ::-1]])

    true, false = (
        compute_factors(Columns.from_dice(dice), ddof=0),
        compute_factors(Columns.from_dice(broken), ddof=0),
    )

    for name in ("t1", "t2", "t5"):
        bound = of_sum(dice[0].size, unit=U64)  # sums over all scores, in another order
        assert getattr(true, name) == pytest.approx(getattr(false, name), abs=bound)
    assert (true.t3 > false.t3).all()
    assert (true.t4 < false.t4).all()


def test_a_tiny_spread_survives_a_large_mean() -> None:
    column = 0.9 + 1e-9 * np.array([1.0, -1.0] * 10)
    dice = np.repeat(column[None, :, None], 2, axis=0)

    found = compute_factors(Columns.from_dice(dice), ddof=0)

    assert 1 - found.t2[0] == pytest.approx(1e-9, rel=1e-6)
    assert found.t5[0, 0] == pytest.approx(1e-9 / 0.9, rel=1e-6)


def test_one_case_has_full_consistency_no_interval_and_a_warning() -> None:
    answer = score_cases(make_request(np.array([[[0.8, 0.5, 0.0]], [[0.7, 0.6, 0.1]]])))

    factors = answer["factors"]
    assert factors["t2"]["real"]["value"] == 1
    assert factors["t5"]["real"]["ED"]["value"] == 0
    assert factors["t5"]["real"]["NCR"] == {
        "value": None,
        "ci": None,
        "scope": None,
        "seed_sd": None,
        "reason": "the mean Dice is 0",
    }
    assert factors["t1"]["real"]["ci"] is None
    assert {"one_case", "no_interval", "low_n"} == {each["code"] for each in answer["warnings"]}


def test_one_case_has_no_spread_at_ddof_1() -> None:
    answer = score_cases(make_request(np.full((2, 1, 1), 0.8), ddof=1))

    for estimate in (answer["factors"]["t2"]["real"], answer["factors"]["t5"]["real"]["ED"]):
        assert estimate["value"] is None
        assert "ddof 1" in estimate["reason"]


def test_ddof_1_widens_the_spread_by_its_known_factor() -> None:
    dice = make_table(20)

    population, sample = (
        compute_factors(Columns.from_dice(dice), ddof=0),
        compute_factors(Columns.from_dice(dice), ddof=1),
    )

    assert 1 - sample.t2 == pytest.approx((1 - population.t2) * math.sqrt(20 / 19))
    assert sample.t5 == pytest.approx(population.t5 * math.sqrt(20 / 19))


def test_an_undefined_factor_is_null_with_its_reason() -> None:
    dice = make_table(12)
    dice[1, :, 1] = 0

    factors = score_cases(make_request(dice))["factors"]

    assert factors["t3"]["ET"]["value"] is None
    assert factors["t3"]["ET"]["reason"] == "every Dice of a side is 0"
    assert factors["t5"]["synthetic"]["ET"]["reason"] == "the mean Dice is 0"
    assert factors["t5"]["real"]["ET"]["value"] is not None


def test_numbers_carry_twelve_significant_digits() -> None:
    text = json.dumps(score_cases(make_request(make_table(30)))["factors"], allow_nan=False)

    numbers = [
        float(part)
        for part in text.replace(",", " ").replace("]", " ").split()
        if "." in part and part[0] not in '"['
    ]

    assert numbers
    assert all(x == float(f"{x:.12g}") for x in numbers)
