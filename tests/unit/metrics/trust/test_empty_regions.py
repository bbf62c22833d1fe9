"""Empty regions: what a null counts as, and that it is counted."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.metrics.as_json import score_cases

pytestmark = pytest.mark.numeric

NULL = None


def case(number: int, real: float | None, synthetic: float | None, **more: Any) -> dict[str, Any]:
    scores = {"ED": 0.8, "ET": real}, {"ED": 0.7, "ET": synthetic}
    return {"id": f"c{number:02d}", "real": scores[0], "synthetic": scores[1], **more}


@pytest.fixture
def cases() -> list[dict[str, Any]]:
    """Give one ordinary pair, one empty, one mixed on each side, one missed on each side."""
    pairs = [(0.9, 0.8), (NULL, NULL), (NULL, 0.0), (0.0, NULL), (0.0, 0.6), (0.5, 0.0)]
    return [case(i, *pair) for i, pair in enumerate(pairs)]


def score(cases: list[dict[str, Any]], **policy: Any) -> Any:
    return score_cases({"cases": cases, "policy": policy})


def test_brats_counts_a_null_as_one(cases: list[dict[str, Any]]) -> None:
    factors = score(cases)["factors"]

    assert factors["t4"]["ET"]["value"] == pytest.approx((0.1 + 0 + 1 + 1 + 0.6 + 0.5) / 6)


def test_zero_counts_a_null_as_zero_and_warns(cases: list[dict[str, Any]]) -> None:
    answer = score(cases, empty="zero")

    assert answer["factors"]["t4"]["ET"]["value"] == pytest.approx((0.1 + 0.6 + 0.5) / 6)
    assert "zero_policy" in {each["code"] for each in answer["warnings"]}


def test_drop_leaves_the_pair_out_of_every_factor(cases: list[dict[str, Any]]) -> None:
    answer = score(cases, empty="drop")

    factors = answer["factors"]
    assert factors["t4"]["ET"]["value"] == pytest.approx((0.1 + 0.6 + 0.5) / 3)
    et = np.array([0.9, 0.0, 0.5])
    assert factors["t5"]["real"]["ET"]["value"] == pytest.approx(et.std() / et.mean())
    case_means = np.array([0.85, 0.8, 0.8, 0.8, 0.4, 0.65])
    assert factors["t1"]["real"]["value"] == pytest.approx(case_means.mean())
    assert factors["t2"]["real"]["value"] == pytest.approx(1 - case_means.std())


def test_drop_says_that_false_positives_went_too(cases: list[dict[str, Any]]) -> None:
    codes = {each["code"] for each in score(cases, empty="drop")["warnings"]}

    assert {"false_positives_dropped", "mixed_pairs"} <= codes


def test_a_case_without_any_region_is_left_out_under_drop() -> None:
    cases = [
        {"id": str(i), "real": {"ET": x}, "synthetic": {"ET": x}} for i, x in enumerate((0.8, None))
    ]

    factors = score(cases, empty="drop")["factors"]

    assert factors["t1"]["real"]["value"] == 0.8


def test_nothing_left_under_drop_is_null_and_not_zero() -> None:
    answer = score([{"id": "a", "real": {"ET": None}, "synthetic": {"ET": None}}], empty="drop")

    factors = answer["factors"]
    estimates = [factors["t1"]["real"], factors["t2"]["real"], factors["t3"]["ET"]]
    estimates += [factors["t4"]["ET"], factors["t5"]["real"]["ET"]]
    assert all(estimate["value"] is None and estimate["reason"] for estimate in estimates)


def test_every_kind_of_emptiness_is_counted(cases: list[dict[str, Any]]) -> None:
    expected = {
        "empty": 1,
        "mixed": 2,
        "missed": {"real": 1, "synthetic": 1},
        "false_positive": {"real": 1, "synthetic": 1},
    }

    kept, dropped = score(cases)["counts"]["ET"], score(cases, empty="drop")["counts"]["ET"]

    assert kept == {"used": 6, "dropped": 0, **expected}
    assert dropped == {"used": 3, "dropped": 3, **expected}


def test_counts_are_of_distinct_cases_over_seeds(cases: list[dict[str, Any]]) -> None:
    twice = [{**each, "seed": seed} for each in cases for seed in (0, 1)]

    answer = score(twice)

    assert answer["cases"] == 6
    assert answer["counts"] == score(cases)["counts"]


def test_many_mixed_pairs_bring_the_other_reading_along(cases: list[dict[str, Any]]) -> None:
    answer = score(cases)

    under_drop = score(cases, empty="drop")["factors"]
    assert answer["sensitivity"] == {
        "empty": "drop",
        "t3": under_drop["t3"],
        "t4": under_drop["t4"],
    }
    assert "mixed_pairs" in {each["code"] for each in answer["warnings"]}


def test_few_mixed_pairs_bring_no_warning() -> None:
    cases = [case(i, 0.8, 0.7) for i in range(99)] + [case(99, None, 0.0)]

    answer = score(cases)

    assert answer["sensitivity"] is None
    assert "mixed_pairs" not in {each["code"] for each in answer["warnings"]}


DICE = st.one_of(st.sampled_from([0.0, 5e-324, 1e-160, 0.7, 1.0]), st.floats(0, 1))


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Any request that may be sent: empty references, ties, tiny Dice, several seeds."""
    m, seeds = draw(st.sampled_from([1, 2, 10, 12])), draw(st.sampled_from([1, 2, 5]))
    empty = draw(st.lists(st.booleans(), min_size=m, max_size=m))
    of_empty = st.sampled_from([None, 0.0])
    cases = [
        case(i, *(draw(of_empty if empty[i] else DICE) for _ in range(2)), seed=seed)
        for i in range(m)
        for seed in range(seeds)
    ]
    policy = {"empty": draw(st.sampled_from(["brats", "drop", "zero"])), "resamples": 100}
    return {"cases": cases, "policy": policy | {"ddof": draw(st.integers(0, 1))}}


def list_estimates(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "value" in tree:
        yield tree
    else:
        for branch in tree.values():
            yield from list_estimates(branch)


@given(requests())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_missing_has_its_reason_and_nothing_is_nan(request_: dict[str, Any]) -> None:
    answer = score_cases(request_)

    json.dumps(answer, allow_nan=False)
    for estimate in list_estimates(answer["factors"]):
        assert (estimate["value"] is not None and estimate["ci"] is not None) or estimate["reason"]
        assert estimate["ci"] is None or estimate["ci"][0] <= estimate["ci"][1]
        ends = estimate["ci"] or estimate.get("bound")
        assert (ends is None) == (estimate["scope"] is None)
