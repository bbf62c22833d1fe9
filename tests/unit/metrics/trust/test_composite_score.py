"""The score `syntrust/1`: its parts, its edges, and that better is never worse."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.metrics.as_json import score_cases
from tests.unit.metrics.trust.array_requests import REGIONS, make_request

from syntrust_metrics.trust.estimation.composite_score import PARTS, compute_parts, join_parts

pytestmark = pytest.mark.numeric

Array = NDArray[np.float64]
UNIT = st.floats(0, 1, width=32)


def score(dice: Array, **policy: Any) -> dict[str, Any]:
    found: dict[str, Any] = score_cases(make_request(dice, **policy))["score"]
    return found


def paired(m: int = 80, noise: float = 0.05, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    real = rng.beta(5, 2, (m, 3))
    return np.stack([real, np.clip(real + rng.normal(0, noise, (m, 3)), 0, 1)])


def test_the_score_is_the_geometric_mean_of_parts_computed_from_the_answer() -> None:
    answer = score_cases(make_request(paired()))

    factors, found = answer["factors"], answer["score"]
    t1 = [factors["t1"][side]["value"] for side in ("real", "synthetic")]
    t2 = [factors["t2"][side]["value"] for side in ("real", "synthetic")]
    concordance = [answer["companions"]["t3"][r]["concordance"]["value"] for r in REGIONS]
    t4 = [factors["t4"][region]["value"] for region in REGIONS]
    t5 = [
        abs(factors["t5"]["real"][r]["value"] - factors["t5"]["synthetic"][r]["value"])
        for r in REGIONS
    ]
    parts = {
        "s0": min(t1),
        "s1": 1 - abs(t1[0] - t1[1]) / 0.2,
        "s2": 2 * min(t2) - 1,
        "s3": sum(concordance) / 3,
        "s4": 1 - sum(t4) / 3 / 0.5,
        "s5": 1 - sum(t5) / 3,
    }
    assert found["parts"] == pytest.approx(parts, abs=1e-11)
    assert found["value"] == pytest.approx(100 * math.prod(parts.values()) ** (1 / 6))
    assert found["weakest"] == min(parts, key=parts.__getitem__)
    assert found["ci"][0] < found["value"] < found["ci"][1]


def test_all_zero_dice_give_no_score_and_the_reason() -> None:
    found = score(np.zeros((2, 40, 3)))

    assert found["value"] is None
    assert found["reason"] == "the mean Dice is 0"
    assert (found["ci"], found["weakest"], found["parts"]["s5"]) == (None, None, None)


def test_a_constant_dice_of_a_hundredth_is_no_good_score() -> None:
    found = score(np.full((2, 40, 3), 0.01))

    assert found["value"] == pytest.approx(100 * 0.01 ** (1 / 6))
    assert found["value"] <= 50
    assert found["weakest"] == "s0"


def test_perfect_scores_give_a_hundred() -> None:
    assert score(np.ones((2, 40, 3)))["value"] == 100


@pytest.mark.parametrize("seed", range(4))
def test_true_pairs_score_above_shuffled_pairs(seed: int) -> None:
    dice = paired(seed=seed)
    order = np.random.default_rng(seed).permutation(dice.shape[1])

    true, shuffled = score(dice), score(np.stack([dice[0], dice[1, order]]))

    assert true["value"] > shuffled["value"]


families = st.tuples(
    st.lists(UNIT, min_size=2, max_size=2),
    st.lists(st.floats(0.5, 1, width=32), min_size=2, max_size=2),
    st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3),
    st.lists(UNIT, min_size=3, max_size=3),
    st.lists(st.floats(0, 3, width=32), min_size=6, max_size=6),
)


def make_parts(values: Any) -> Array:
    t1, t2, concordance, t4, t5 = map(np.array, values)
    return compute_parts(t1, t2, concordance, t4, t5.reshape(2, 3))


@given(families)
def test_parts_lie_between_0_and_1(values: Any) -> None:
    parts = make_parts(values)

    assert ((parts >= 0) & (parts <= 1)).all()
    assert 0 <= join_parts(parts) <= 100 + 1e-9


@given(st.lists(UNIT, min_size=6, max_size=6), st.integers(0, 5), UNIT)
def test_a_better_part_never_lowers_the_score(parts: list[float], place: int, by: float) -> None:
    better = parts.copy()
    better[place] = max(better[place], by)

    assert join_parts(np.array(better)) >= join_parts(np.array(parts)) * (1 - 1e-12)


@given(families, UNIT)
def test_better_factors_never_lower_their_part(values: Any, by: float) -> None:
    t1, t2, concordance, t4, t5 = values
    better = (
        [max(t1)] * 2,
        [x + by * (1 - x) for x in t2],
        [x + by * (1 - x) for x in concordance],
        [x * (1 - by) for x in t4],
        [*t5[:3], *(r + (s - r) * (1 - by) for r, s in zip(t5[:3], t5[3:], strict=True))],
    )

    assert (make_parts(better) >= make_parts(values) - 1e-12).all()


def test_seeds_are_averaged_in_the_factors_and_not_in_the_score() -> None:
    layers = np.stack([paired(seed=0), paired(noise=0.2, seed=1)])

    answer = score_cases(make_request(layers))

    t4 = [answer["factors"]["t4"][region]["value"] for region in REGIONS]
    assert answer["score"]["parts"]["s4"] == pytest.approx(1 - sum(t4) / 3 / 0.5)


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_the_interval_of_the_score_is_of_resampled_cases(seeds: int) -> None:
    found = score(np.stack([paired(seed=seed) for seed in range(seeds)]))

    assert found["ci"][0] < found["value"] < found["ci"][1]


def test_few_cases_leave_the_score_without_an_interval() -> None:
    found = score(paired(9))

    assert found["value"] is not None
    assert found["ci"] is None
    assert found["reason"] == "fewer than 10 cases"


def test_the_score_names_its_definition_and_its_six_parts() -> None:
    found = score(paired())

    assert found["definition"] == "syntrust/1"
    assert tuple(found["parts"]) == PARTS


def test_the_score_covers_its_own_value_in_the_population() -> None:
    def draw(rng: np.random.Generator, m: int) -> Array:
        real = rng.beta(5, 2, (m, 3))
        return np.stack([real, np.clip(real + rng.normal(0, 0.08, (m, 3)), 0, 1)])

    truth = score(draw(np.random.default_rng(0), 20_000), resamples=0)["value"]
    rng = np.random.default_rng(1)

    held = [
        low <= truth <= high
        for low, high in (score(draw(rng, 150), resamples=400)["ci"] for _ in range(150))
    ]

    assert np.mean(held) >= 0.88
