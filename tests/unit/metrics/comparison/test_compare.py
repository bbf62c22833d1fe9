"""Comparisons of experiments: paired differences against scipy's t test, and what is not paired."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.unit.metrics.conftest import make_experiment

from syntrust_metrics.comparison import Compared, compare_experiments
from syntrust_metrics.comparison.settings import find_differences
from syntrust_metrics.experiment.results import build_results

pytestmark = pytest.mark.numeric

Results = dict[str, Any]
Make = Callable[..., Compared]


def build(seeds: tuple[int, ...] = (0,), alphas: tuple[str, ...] = ("0", "1")) -> Results:
    made = make_experiment(alphas=alphas, seeds=seeds, test=12)
    found: Results = json.loads(json.dumps(build_results(made.request, made.scores)))
    return found


def compared(results: Results, name: str = "one", **changes: Any) -> Compared:
    """An experiment whose cases all have a known content."""
    tested = [case["id"] for case in results["alphas"][0]["seeds"][0]["cases"]]
    seeds = [own["seed"] for own in results["alphas"][0]["seeds"]]
    spec = {"test": tested, "seeds": seeds, "generator": {"steps": 10}} | changes
    return Compared(name, None, spec, {case: f"content of {case}" for case in tested}, results)


def shift(results: Results, by: float) -> Results:
    """Lower every Dice on real images by a share of itself."""
    changed: Results = json.loads(json.dumps(results))
    for arm in changed["alphas"]:
        for case in (case for seed in arm["seeds"] for case in seed["cases"]):
            case["real"] = {name: dice * (1 - by) for name, dice in case["real"].items()}
    return changed


def test_a_comparison_tells_which_cases_are_phantoms_and_which_did_not_say() -> None:
    first, other = compared(build(), origin="phantoms"), compared(build(), "two")

    found = compare_experiments([first, other])["experiments"]

    assert [each["origin"] for each in found] == ["phantoms", None]


def test_a_difference_of_one_seed_has_the_interval_of_the_paired_t_test() -> None:
    first = build()
    other = shift(first, 0.1)

    body = compare_experiments([compared(first), compared(other, "two")])

    found = body["differences"][0]["real"]["regions"]
    assert found is not None
    for region in ("ET", "ED", "NCR"):
        mine, theirs = (
            np.array([case["real"][region] for case in each["alphas"][0]["seeds"][0]["cases"]])
            for each in (other, first)
        )
        interval = stats.ttest_rel(mine, theirs).confidence_interval(0.95)
        assert found[region]["value"] == pytest.approx((mine - theirs).mean(), rel=1e-9)
        assert found[region]["ci"] == pytest.approx(tuple(interval), rel=1e-9)


def test_with_the_experiments_swapped_every_difference_changes_its_sign() -> None:
    pair = [compared(build((0, 1))), compared(shift(build((0, 1)), 0.1), "two")]

    there, back = (compare_experiments(each)["differences"] for each in (pair, pair[::-1]))

    for one, two in zip(there, back, strict=True):
        assert one["real"]["overall"] is not None
        assert two["real"]["overall"] is not None
        assert one["real"]["overall"]["value"] == -(two["real"]["overall"]["value"] or 0)
        low, high = one["real"]["overall"]["ci"] or (0, 0)
        assert two["real"]["overall"]["ci"] == [-high, -low]
        assert one["real"]["overall"]["scope"] == "training seeds"


def test_twins_that_were_drawn_otherwise_are_not_paired() -> None:
    pair = [compared(build()), compared(build(), "two", generator={"steps": 20})]

    found = compare_experiments(pair)["differences"][0]

    assert found["real"]["regions"] is not None
    assert found["synthetic"]["regions"] is None
    assert "twins" in (found["synthetic"]["reason"] or "")


def test_other_training_seeds_are_not_paired() -> None:
    pair = [compared(build()), compared(build((0, 1)), "two")]

    reason = compare_experiments(pair)["differences"][0]["real"]["reason"]

    assert reason == "The training seeds are not the same: 0, 1, and 0."


def test_one_case_of_another_content_keeps_all_from_being_paired() -> None:
    first, other = compared(build()), compared(build(), "two")
    other = Compared(
        other.id, None, other.spec, {**other.contents, "test-00": "another"}, other.results
    )

    reason = compare_experiments([first, other])["differences"][0]["real"]["reason"]

    assert reason is not None
    assert "11 of 12 and 12" in reason


def test_an_alpha_of_one_experiment_alone_has_a_reason_beside_its_factors() -> None:
    pair = [compared(build()), compared(build(alphas=("0", "0.5")), "two")]

    body = compare_experiments(pair)

    assert [arm["alpha"] for arm in body["alphas"]] == [0, 0.5, 1]
    lacking = body["alphas"][1]["experiments"][0]
    assert lacking == {"factors": None, "reason": "The experiment has no such α."}
    assert [each["alpha"] for each in body["differences"]] == [0]


def test_settings_that_differ_are_told_and_long_lists_by_their_length() -> None:
    cases = [f"c{number:02d}" for number in range(20)]
    specs = [
        {"seeds": [0], "segmenter": {"preset": "tiny", "iterations": 10}, "test": cases},
        {"seeds": [0, 1], "segmenter": {"preset": "tiny"}, "test": [*cases[1:], "new"]},
    ]

    assert find_differences(specs) == [
        {"setting": "/seeds", "values": [[0], [0, 1]]},
        {"setting": "/segmenter/iterations", "values": [10, None]},
        {
            "setting": "/test",
            "values": [
                "20 entries, 0 of them not in the first",
                "20 entries, 1 of them not in the first",
            ],
        },
    ]


def test_each_experiment_names_the_definition_of_its_results() -> None:
    first, other = build(), build()
    other["definition"] = "rajababu2025/1"

    body = compare_experiments([compared(first), compared(other, "two")])

    assert [each["definition"] for each in body["experiments"]] == [
        "rajababu2025/2",
        "rajababu2025/1",
    ]
