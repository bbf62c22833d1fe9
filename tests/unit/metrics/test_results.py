"""The results body: its shape, its digest, and that its parts agree with each other."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from syntrust_core.canonical import canonical_json
from syntrust_core.contracts import BuildReport, ReportCase, ReportRun
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.results import build_results
from syntrust_metrics.scores import CaseScore, ScoreFile
from syntrust_metrics.trust import score_cases

ALPHAS = ("0", "0.5", "1")
TRAIN = tuple(f"train-{i}" for i in range(4))
KEYS = {
    "definition",
    "dataset",
    "alphas",
    "controls",
    "unseen",
    "nested",
    "floors",
    "twins",
    "curve",
    "claims",
    "digest",
}


def step(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def report_case(name: str, part: str, *, seen: bool = False) -> ReportCase:
    return ReportCase.model_validate(
        {
            "id": name,
            "group": None,
            "case": step("case", name),
            "twin": step("twin", name),
            "part": part,
            "seen": seen,
        }
    )


def run_of(alpha: str, seed: int) -> ReportRun:
    real = round(float(alpha) * len(TRAIN))
    order = np.random.default_rng(seed).permutation(TRAIN).tolist()
    return ReportRun(
        alpha=alpha,
        seed=seed,
        real_ids=tuple(order[:real]),
        synthetic_ids=tuple(order[real:]),
        model=step("model", real, seed),
        score_real=step("real", real, seed),
        score_synthetic=step("synthetic", real, seed),
    )


def request_of(
    alphas: tuple[str, ...] = ALPHAS, seeds: tuple[int, ...] = (0,), test: int = 12, seen: int = 0
) -> BuildReport:
    cases = [report_case(name, "train") for name in TRAIN]
    cases += [report_case(f"test-{i:02d}", "test", seen=i < seen) for i in range(test)]
    runs = tuple(run_of(alpha, seed) for alpha in alphas for seed in seeds)
    return BuildReport(dataset=step("dataset"), cases=tuple(cases), runs=runs, settings={})


def score(rng: np.random.Generator) -> CaseScore:
    volumes = {"ET": 1.0, "ED": 2.0, "NCR": 3.0}
    return CaseScore(
        dice=dict(zip(volumes, rng.beta(5, 2, 3).tolist(), strict=True)),
        nested=dict(zip(("TC", "WT"), rng.beta(6, 2, 2).tolist(), strict=True)),
        reference_ml=volumes,
        predicted_ml=volumes,
    )


def scores_of(request: BuildReport) -> dict[str, ScoreFile]:
    files = {}
    for run in request.runs:
        for name in (run.score_real, run.score_synthetic):
            rng = np.random.default_rng(int(name[:8], 16))
            cases = [case for case in request.cases if case.part == "test"]
            files[name] = ScoreFile(cases={case.case: score(rng) for case in cases})
    return files


def build(request: BuildReport) -> dict[str, Any]:
    return build_results(request, scores_of(request))


def test_the_body_has_every_key_and_no_nan() -> None:
    body = build(request_of())

    assert body.keys() == KEYS
    assert json.loads(json.dumps(body, allow_nan=False)) == body
    assert [entry["alpha"] for entry in body["alphas"]] == [0, 0.5, 1]
    assert body["unseen"] is None


def test_a_seeds_trust_is_what_its_cases_score() -> None:
    for key in ("alphas", "nested"):
        for entry in build(request_of())[key]:
            [seed] = entry["seeds"]
            assert score_cases({"cases": seed["cases"]}) == seed["trust"] == entry["trust"]


def test_nested_regions_are_scored_apart() -> None:
    body = build(request_of())

    assert body["alphas"][0]["trust"]["regions"] == ["ED", "ET", "NCR"]
    assert body["nested"][0]["trust"]["regions"] == ["TC", "WT"]


def test_factors_of_an_alpha_are_means_over_its_seeds() -> None:
    entry = build(request_of(seeds=(0, 1, 2)))["alphas"][1]

    each = [seed["trust"]["factors"]["t4"]["ET"]["value"] for seed in entry["seeds"]]
    assert entry["trust"]["factors"]["t4"]["ET"]["value"] == pytest.approx(np.mean(each))
    assert [seed["seed"] for seed in entry["seeds"]] == [0, 1, 2]
    assert entry["trust"]["cases"] == 12


def test_a_mix_says_what_alpha_came_to() -> None:
    mix = build(request_of(alphas=("0.3", "0.4", "1")))["alphas"][1]["mix"]

    assert (mix["n_real"], mix["n_synthetic"], mix["realised"]) == (2, 2, 0.5)
    assert mix["anatomies"] == 4
    assert len(mix["real_ids"]) == 2
    assert mix["same_as"] == []


def test_alphas_that_round_to_one_mix_name_each_other() -> None:
    body = build(request_of(alphas=("0.45", "0.5", "1")))

    assert [entry["mix"]["same_as"] for entry in body["alphas"]] == [[0.5], [0.45], []]


def test_results_come_again_without_the_cases_the_generator_has_seen() -> None:
    body = build(request_of(seen=2))

    assert body["unseen"]["cases"] == 10
    ids = [case["id"] for case in body["unseen"]["alphas"][0]["seeds"][0]["cases"]]
    assert ids == [f"test-{i:02d}" for i in range(2, 12)]
    assert body["unseen"]["warnings"][0]["code"] == "few_unseen"


def test_a_generator_that_has_seen_every_case_leaves_nothing_unseen() -> None:
    unseen = build(request_of(seen=12))["unseen"]

    assert (unseen["cases"], unseen["alphas"]) == (0, [])


def test_the_digest_is_that_of_the_body_without_it() -> None:
    body = build(request_of())

    rest = {key: value for key, value in body.items() if key != "digest"}
    assert body["digest"] == f"sha256:{hashlib.sha256(canonical_json(rest)).hexdigest()}"


def test_the_order_of_cases_and_runs_does_not_reach_the_digest() -> None:
    request = request_of(seeds=(0, 1))
    turned = request.model_copy(update={"cases": request.cases[::-1], "runs": request.runs[::-1]})

    assert build_results(turned, scores_of(request))["digest"] == build(request)["digest"]


def test_the_policy_of_the_settings_is_used() -> None:
    request = request_of().model_copy(update={"settings": {"policy": {"ddof": 1}}})

    assert build(request)["alphas"][0]["trust"]["policy"]["ddof"] == 1


def test_missing_scores_are_named() -> None:
    request = request_of()
    scores = scores_of(request)
    del scores[request.runs[0].score_real]

    with pytest.raises(ObjectMissing, match=request.runs[0].score_real):
        build_results(request, scores)
