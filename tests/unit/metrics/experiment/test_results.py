"""The results body: its shape, its digest, and that its parts agree with each other."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import (
    build_results,
    check_paper_claims,
    compare_with_real,
    describe_alpha_curve,
    recommend,
    score_cases,
)

from syntrust_core.contracts.canonical import canonical_json
from syntrust_core.errors import ObjectMissing

KEYS = {
    "definition",
    "dataset",
    "alphas",
    "controls",
    "unseen",
    "nested",
    "floors",
    "size",
    "by_volume",
    "twins",
    "recommendation",
    "curve",
    "claims",
    "digest",
}


Maker = Callable[..., Any]


def build(made: Any) -> Any:
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


def test_each_mix_is_compared_with_the_model_of_real_images(experiment: Maker) -> None:
    body = build(experiment(seeds=(0, 1)))

    cases = [
        [case for seed in entry["seeds"] for case in seed["cases"]] for entry in body["alphas"]
    ]
    assert [entry["versus_real"] for entry in body["alphas"]] == [
        compare_with_real(cases[0], cases[2]),
        compare_with_real(cases[1], cases[2]),
        None,
    ]
    assert body["nested"][0]["versus_real"]["regions"].keys() == {"TC", "WT"}


def test_without_a_model_of_real_images_alone_nothing_is_compared(experiment: Maker) -> None:
    body = build(experiment(alphas=("0", "0.5")))

    assert [entry["versus_real"] for entry in body["alphas"]] == [None, None]


def test_curve_and_claims_are_of_all_seeds_over_alpha(experiment: Maker) -> None:
    body = build(experiment(seeds=(0, 1)))

    cases = {
        entry["alpha"]: [case for seed in entry["seeds"] for case in seed["cases"]]
        for entry in body["alphas"]
    }
    assert body["curve"] == describe_alpha_curve(cases)
    assert body["claims"] == check_paper_claims(cases)


def test_the_recommendation_is_that_of_the_cases_of_every_alpha(experiment: Maker) -> None:
    body = build(experiment(seeds=(0, 1, 2), test=60))

    by_alpha = {
        entry["alpha"]: [case for seed in entry["seeds"] for case in seed["cases"]]
        for entry in body["alphas"]
    }
    assert body["recommendation"] == recommend(by_alpha, noun="real test case")
    assert body["recommendation"]["sentence"].startswith("No evidence for any share")


@pytest.mark.parametrize(
    ("origin", "cases"),
    [("phantoms", "60 phantom test cases"), (None, "60 test cases")],
)
def test_cases_not_known_to_be_patients_are_not_called_real_where_a_share_is_recommended(
    experiment: Maker, origin: str | None, cases: str
) -> None:
    made = experiment(seeds=(0, 1, 2), test=60)
    request = made.request.model_copy(update={"origin": origin})

    body = build_results(request, made.scores)

    assert cases in body["recommendation"]["sentence"]
    assert "real" not in body["recommendation"]["sentence"]


def test_one_alpha_has_a_curve_of_one_point_and_undecided_claims(experiment: Maker) -> None:
    body = build(experiment(alphas=("0.5",), test=1))

    assert len(body["curve"]["points"]) == 1
    assert {claim["verdict"] for claim in body["claims"]} == {"undecided"}


def test_the_policy_reaches_every_verdict(experiment: Maker) -> None:
    made = experiment(test=60)
    request = made.request.model_copy(update={"settings": {"policy": {"margin": 0.9}}})

    body = build_results(request, made.scores)

    assert body["alphas"][0]["versus_real"]["margin"] == 0.9
    assert body["alphas"][0]["versus_real"]["overall"]["equivalence"]["verdict"] == "equivalent"
    [first, *_] = body["claims"]
    assert first["numbers"][0]["verdict"] == "holds"
