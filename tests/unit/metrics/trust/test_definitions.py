"""The definitions as data speak of every number of an answer, and of nothing else."""

import json
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import list_definitions, score_cases

REGIONS = ("ED", "ET", "NCR")
SIDES = ("real", "synthetic")


@pytest.fixture(scope="module")
def answer() -> Any:
    dice = np.random.default_rng(0).beta(5, 2, (60, 2, 3))
    return score_cases(
        {
            "cases": [
                {"id": str(i), **dict(zip(SIDES, map(_make_scores, case), strict=True))}
                for i, case in enumerate(dice)
            ],
            "policy": {"resamples": 0},
        }
    )


def _make_scores(row: Any) -> dict[str, float]:
    return dict(zip(REGIONS, row.tolist(), strict=True))


def _look_up(tree: Any, path: str) -> Any:
    for part in path.format(side="synthetic", region="NCR").split("."):
        tree = tree[part]
    return tree


def test_every_definition_points_into_an_answer(answer: Any) -> None:
    found = list_definitions()

    entries = [*found["factors"].values(), *found["companions"].values()]
    for entry in [*entries, *found["score"]["parts"].values()]:
        value = _look_up(answer, entry["path"])
        value = value["value"] if isinstance(value, dict) else value
        low, high = entry["range"]
        for number in value if isinstance(value, list) else [value]:
            assert low is None or low <= number
            assert high is None or number <= high


def test_every_factor_and_companion_of_an_answer_is_defined(answer: Any) -> None:
    found = list_definitions()

    assert found["factors"].keys() == answer["factors"].keys()
    defined = {
        entry["path"].format(side="synthetic", region="NCR")
        for entry in found["companions"].values()
    }
    companions = answer["companions"]
    there = {f"companions.{name}.synthetic" for name in ("t2_regions", "t2_within")}
    there |= {f"companions.{n}.NCR.{key}" for n in ("t3", "t4") for key in companions[n]["NCR"]}
    there |= {f"companions.t5.synthetic.NCR.{key}" for key in companions["t5"]["synthetic"]["NCR"]}
    assert defined == there


def test_every_definition_says_what_a_reader_needs() -> None:
    found = list_definitions()

    for entry in [*found["factors"].values(), *found["companions"].values()]:
        assert entry["formula"]
        assert entry["undefined_when"]
        assert entry["direction"] in {"higher is better", "lower is better", None}
    for entry in found["factors"].values():
        assert "2502.02076" in entry["citation"]
    json.dumps(found, allow_nan=False)
