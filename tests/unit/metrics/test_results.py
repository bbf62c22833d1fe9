"""The results body: its shape, its digest, and that its parts agree with each other."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from syntrust_core.canonical import canonical_json
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.results import build_results
from syntrust_metrics.trust import score_cases

KEYS = {
    "definition",
    "dataset",
    "alphas",
    "controls",
    "unseen",
    "nested",
    "floors",
    "size",
    "twins",
    "curve",
    "claims",
    "digest",
}


Maker = Callable[..., Any]


def build(made: Any) -> dict[str, Any]:
    return build_results(made.request, made.scores)


def test_the_body_has_every_key_and_no_nan(experiment: Maker) -> None:
    body = build(experiment())

    assert body.keys() == KEYS
    assert json.loads(json.dumps(body, allow_nan=False)) == body
    assert [entry["alpha"] for entry in body["alphas"]] == [0, 0.5, 1]
    assert body["unseen"] is None


def test_a_seeds_trust_is_what_its_cases_score(experiment: Maker) -> None:
    for key in ("alphas", "nested"):
        for entry in build(experiment())[key]:
            [seed] = entry["seeds"]
            assert score_cases({"cases": seed["cases"]}) == seed["trust"] == entry["trust"]


def test_nested_regions_are_scored_apart(experiment: Maker) -> None:
    body = build(experiment())

    assert body["alphas"][0]["trust"]["regions"] == ["ED", "ET", "NCR"]
    assert body["nested"][0]["trust"]["regions"] == ["TC", "WT"]


def test_factors_of_an_alpha_are_means_over_its_seeds(experiment: Maker) -> None:
    entry = build(experiment(seeds=(0, 1, 2)))["alphas"][1]

    each = [seed["trust"]["factors"]["t4"]["ET"]["value"] for seed in entry["seeds"]]
    assert entry["trust"]["factors"]["t4"]["ET"]["value"] == pytest.approx(np.mean(each))
    assert [seed["seed"] for seed in entry["seeds"]] == [0, 1, 2]
    assert entry["trust"]["cases"] == 12


def test_a_mix_says_what_alpha_came_to(experiment: Maker) -> None:
    mix = build(experiment(alphas=("0.3", "0.4", "1")))["alphas"][1]["mix"]

    assert (mix["n_real"], mix["n_synthetic"], mix["realised"]) == (2, 2, 0.5)
    assert mix["anatomies"] == 4
    assert len(mix["real_ids"]) == 2
    assert mix["same_as"] == []


def test_alphas_that_round_to_one_mix_name_each_other(experiment: Maker) -> None:
    body = build(experiment(alphas=("0.45", "0.5", "1")))

    assert [entry["mix"]["same_as"] for entry in body["alphas"]] == [[0.5], [0.45], []]


def test_results_come_again_without_the_cases_the_generator_has_seen(experiment: Maker) -> None:
    body = build(experiment(seen=2))

    assert body["unseen"]["cases"] == 10
    ids = [case["id"] for case in body["unseen"]["alphas"][0]["seeds"][0]["cases"]]
    assert ids == [f"test-{i:02d}" for i in range(2, 12)]
    assert body["unseen"]["warnings"][0]["code"] == "few_unseen"


def test_a_generator_that_has_seen_every_case_leaves_nothing_unseen(experiment: Maker) -> None:
    unseen = build(experiment(seen=12))["unseen"]

    assert (unseen["cases"], unseen["alphas"]) == (0, [])


def test_the_digest_is_that_of_the_body_without_it(experiment: Maker) -> None:
    body = build(experiment())

    rest = {key: value for key, value in body.items() if key != "digest"}
    assert body["digest"] == f"sha256:{hashlib.sha256(canonical_json(rest)).hexdigest()}"


def test_the_order_of_cases_and_runs_does_not_reach_the_digest(experiment: Maker) -> None:
    made = experiment(seeds=(0, 1))
    request = made.request
    turned = request.model_copy(update={"cases": request.cases[::-1], "runs": request.runs[::-1]})

    assert build_results(turned, made.scores)["digest"] == build(made)["digest"]


def test_the_policy_of_the_settings_is_used(experiment: Maker) -> None:
    made = experiment()
    request = made.request.model_copy(update={"settings": {"policy": {"ddof": 1}}})

    assert build_results(request, made.scores)["alphas"][0]["trust"]["policy"]["ddof"] == 1


def test_missing_scores_are_named(experiment: Maker) -> None:
    request, scores = experiment().request, experiment().scores
    del scores[request.runs[0].score_real]

    with pytest.raises(ObjectMissing, match=request.runs[0].score_real):
        build_results(request, scores)
