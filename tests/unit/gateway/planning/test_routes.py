"""`POST /power`: the same numbers as the package, from every source, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.metrics.conftest import make_experiment

from syntrust_metrics.experiment.results import build_results
from syntrust_metrics.planning import (
    Plan,
    measure_experiment,
    measure_pilot,
    plan_power,
    use_published,
)

pytestmark = pytest.mark.any_database

Finish = Callable[..., str]
ASKED: dict[str, Any] = {"cases": 100, "seeds": 3}


@pytest.fixture
def results() -> dict[str, Any]:
    made = make_experiment(alphas=("0", "0.5", "1"), seeds=(0, 1, 2), test=12)
    found: dict[str, Any] = json.loads(json.dumps(build_results(made.request, made.scores)))
    return found


def ask(api: Any, spread: dict[str, Any], **fields: Any) -> httpx.Response:
    answer: httpx.Response = api.post("/power", json=ASKED | {"spread": spread} | fields)
    return answer


def pilot(cases: int = 12) -> list[dict[str, Any]]:
    return [
        {
            "id": f"case-{number}",
            "real": {"ET": 0.9 - number / 100, "ED": 0.8},
            "synthetic": {"ET": 0.85 - (number % 5) / 50, "ED": 0.8 - (number % 3) / 30},
        }
        for number in range(cases)
    ]


def lines(cases: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"{case['id']},{side},{region},{dice}"
        for case in cases
        for side in ("real", "synthetic")
        for region, dice in case[side].items()
    ]
    return ["case,set,region,dice", *rows]


@pytest.mark.parametrize("question", ["non_inferiority", "equivalence"])
def test_a_plan_of_an_experiment_has_the_numbers_of_the_package(
    api: Any, finish: Finish, results: dict[str, Any], question: Any
) -> None:
    experiment = finish(results)

    answer = ask(api, {"kind": "experiment", "id": experiment}, question=question)

    assert answer.status_code == 200, answer.text
    source = measure_experiment(results, question)
    plan = Plan(**ASKED, question=question)
    assert answer.json() == plan_power(plan, source, experiment=experiment)
    assert (answer.json()["spread"]["cases"], answer.json()["spread"]["seeds"]) == (12, 3)


def test_a_pilot_gives_the_same_as_cases_and_as_lines_of_a_table(api: Any) -> None:
    asked = {"kind": "pilot", "cases": pilot()}

    as_cases = ask(api, asked, question="equivalence")
    as_lines = ask(api, asked | {"cases": lines(pilot())}, question="equivalence")

    assert as_cases.status_code == as_lines.status_code == 200, as_lines.text
    plan = Plan(**ASKED, question="equivalence")
    assert as_cases.json() == as_lines.json() == plan_power(plan, measure_pilot(pilot()))


def test_a_pilot_of_two_models_compares_their_real_test_sets(api: Any) -> None:
    real_alone = [case | {"real": case["synthetic"]} for case in pilot()]

    answer = ask(api, {"kind": "pilot", "cases": pilot(), "real_alone": lines(real_alone)})

    assert answer.status_code == 200, answer.text
    equal = ask(api, {"kind": "pilot", "cases": pilot()}, question="equivalence").json()
    assert answer.json()["spread"]["regions"] == equal["spread"]["regions"]


def test_the_published_spread_says_what_it_assumes(api: Any) -> None:
    body = ask(api, {"kind": "published"}, curve=[50, 200]).json()

    assert body == plan_power(Plan(**ASKED, curve=[50, 200]), use_published())
    assert [point["cases"] for point in body["curve"]] == [50, 100, 200]
    codes = {each["code"] for each in body["warnings"]}
    assert codes == {"assumed_correlation", "recommendation_takes_more", "seeds_not_measured"}


def test_the_spread_of_an_answer_may_be_sent_again(
    api: Any, finish: Finish, results: dict[str, Any]
) -> None:
    first = ask(api, {"kind": "experiment", "id": finish(results), "alpha": 0.5}).json()
    given = {
        name: {key: value for key, value in each.items() if key != "alpha"}
        for name, each in first["spread"]["regions"].items()
    }

    again = ask(api, {"kind": "given", "regions": given}).json()

    for name, region in first["regions"].items():
        assert again["regions"][name]["power"] == pytest.approx(region["power"], abs=1e-9)
        assert again["regions"][name]["cases_needed"] == region["cases_needed"]


@pytest.mark.parametrize(
    ("spread", "fields", "pointer"),
    [
        ({"kind": "pilot", "cases": pilot()}, {}, "/spread/real_alone"),
        (
            {"kind": "pilot", "cases": pilot(), "real_alone": pilot()},
            {"question": "equivalence"},
            "/spread/real_alone",
        ),
        ({"kind": "pilot", "cases": pilot(9)}, {"question": "equivalence"}, "/spread/cases"),
        (
            {"kind": "pilot", "cases": [*pilot(), pilot()[0]]},
            {"question": "equivalence"},
            "/spread/cases/12/id",
        ),
        (
            {
                "kind": "pilot",
                "cases": pilot(),
                "real_alone": [{"id": "a", "synthetic": {"ET": 0.5}}],
            },
            {},
            "/spread/real_alone/0/real",
        ),
        (
            {"kind": "pilot", "cases": ["case,set,region,dice", "a,real,ET,0.9"]},
            {"question": "equivalence"},
            "/spread/cases",
        ),
        (
            {"kind": "pilot", "cases": ["case,set,region,dice", "a,real,ET,x"]},
            {"question": "equivalence"},
            "/spread/cases/1",
        ),
        ({"kind": "pilot", "cases": []}, {}, "/spread/cases"),
        ({"kind": "published", "correlation": 1}, {}, "/spread/correlation"),
        ({"kind": "given", "regions": {"ET": {"case_sd": -1}}}, {}, "/spread/regions/ET/case_sd"),
        ({"kind": "guess"}, {}, "/spread"),
        ({"kind": "published"}, {"cases": 9}, "/cases"),
        ({"kind": "published"}, {"margin": 0}, "/margin"),
        ({"kind": "published"}, {"curve": list(range(10, 61))}, "/curve"),
        ({"kind": "published"}, {"curve": [5]}, "/curve/0"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_pointer(
    api: Any, spread: dict[str, Any], fields: dict[str, Any], pointer: str
) -> None:
    answer = ask(api, spread, **fields)

    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["errors"]} == {pointer}, answer.text


def test_an_experiment_without_the_models_that_are_compared_is_refused(
    api: Any, finish: Finish, results: dict[str, Any]
) -> None:
    experiment = finish(results | {"alphas": results["alphas"][:2]})
    spread = {"kind": "experiment", "id": experiment}

    no_real = ask(api, spread)
    no_alpha = ask(api, spread | {"alpha": 0.25}, question="equivalence")

    assert no_real.json()["errors"][0]["pointer"] == "/spread/id"
    assert no_alpha.json()["errors"][0]["pointer"] == "/spread/alpha"
    assert "it has 0, 0.5" in no_alpha.json()["detail"]


def test_an_experiment_that_has_not_ended_is_a_matter_of_waiting(
    api: Any, post_experiment: Callable[..., httpx.Response]
) -> None:
    experiment = post_experiment().json()["id"]

    assert ask(api, {"kind": "experiment", "id": experiment}).status_code == 409


def test_others_experiments_are_as_if_there_were_none(
    stranger: Any, finish: Finish, results: dict[str, Any]
) -> None:
    answer = ask(stranger, {"kind": "experiment", "id": finish(results)})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/spread/id"
