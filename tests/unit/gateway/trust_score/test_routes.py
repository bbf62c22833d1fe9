from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from syntrust_gateway.trust_score.pipe import JSON as JSON_TYPE
from syntrust_gateway.trust_score.pipe import Refusal
from syntrust_gateway.trust_score.scoring import negotiate_type, score_request
from syntrust_metrics.trust import list_definitions

pytestmark = pytest.mark.any_database

CASES: list[dict[str, Any]] = [
    {
        "id": f"case-{index}",
        "real": {"ET": 0.7 + 0.01 * index, "ED": 0.9 - 0.02 * index},
        "synthetic": {"ET": 0.68 + 0.012 * index, "ED": 0.88 - 0.015 * index},
    }
    for index in range(8)
]
REQUEST = {"cases": CASES, "policy": {"resamples": 200, "seed": 1}}
CSV = "case,set,region,dice\n" + "".join(
    f"{case['id']},{kind},{region},{dice!r}\n"
    for case in CASES
    for kind in ("real", "synthetic")
    for region, dice in case[kind].items()
)


def test_scores_give_factors_and_equal_requests_equal_bytes(api: Any) -> None:
    first = api.post("/trust-score", json=REQUEST)
    second = api.post("/trust-score", json=REQUEST)

    assert first.status_code == 200
    assert first.headers["content-type"] == "application/json"
    assert set(first.json()["factors"]) == {"t1", "t2", "t3", "t4", "t5"}
    assert first.content == second.content


def test_csv_gives_the_same_factors_as_json(api: Any) -> None:
    by_json = api.post("/trust-score", json={"cases": CASES})
    by_csv = api.post(
        "/trust-score", content=CSV.encode(), headers={"Content-Type": "text/csv; charset=utf-8"}
    )

    assert by_csv.status_code == 200
    assert by_csv.json()["factors"] == by_json.json()["factors"]


def test_a_wrong_score_is_refused_by_field(api: Any) -> None:
    wrong = [CASES[0], CASES[1] | {"real": {"ET": 1.5, "ED": 0.9}}]

    answer = api.post("/trust-score", json={"cases": wrong})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/cases/1/real/ET"


def test_a_wrong_csv_line_is_named(api: Any) -> None:
    content = b"case,set,region,dice\na,real,ET,high\n"

    answer = api.post("/trust-score", content=content, headers={"Content-Type": "text/csv"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/lines/2")


@pytest.mark.parametrize("content", [b"[]", b"", b"{}", b'{"cases": [NaN]}', b"\xff"])
def test_a_body_that_is_no_request_is_refused(api: Any, content: bytes) -> None:
    answer = api.post("/trust-score", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_without_a_type_is_refused(api: Any) -> None:
    assert api.post("/trust-score", content=b"{}").status_code == 415


JSON = {"Content-Type": "application/json"}


def body_of(cases: str) -> bytes:
    return f'{{"cases": [{cases}]}}'.encode()


ONE = '{"id": "a", "real": {"ET": 0.9}, "synthetic": {"ET": 0.8}}'


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (body_of(ONE.replace("0.9", "NaN")), "/cases/0/real/ET"),
        (body_of(ONE.replace("0.9", "Infinity")), "/cases/0/real/ET"),
        (body_of(ONE.replace("0.9", "-Infinity")), "/cases/0/real/ET"),
        (body_of(ONE.replace("0.9", "1e308")), "/cases/0/real/ET"),
        (body_of(ONE.replace("0.9", "1e400")), "/cases/0/real/ET"),
        (body_of(ONE.replace("0.9", '"0.9"')), "/cases/0/real/ET"),
        (body_of(ONE.replace("0.9", "9" * 400)), "/cases/0/real/ET"),
        (body_of(ONE.replace('"a"', "7")), "/cases/0/id"),
        (body_of(ONE.replace("0.8", "[" * 100 + "]" * 100)), "/cases/0/synthetic/ET"),
        (b'{"cases": 1, "policy": {"confidence": ' + b"9" * 4000 + b"}}", "/policy/confidence"),
    ],
)
def test_a_hostile_number_is_refused_at_its_pointer(api: Any, content: bytes, pointer: str) -> None:
    answer = api.post("/trust-score", content=content, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("content", "pointer", "key"),
    [
        (body_of(ONE.replace('"ET": 0.9', '"ET": 0.9, "ET": 0.1')), "/cases/0/real/ET", "ET"),
        (body_of(ONE + ", " + ONE.replace('"id"', '"id": "b", "id"')), "/cases/1/id", "id"),
        (b'{"cases": [], "policy": {"seed": 1, "seed" : 2}}', "/policy/seed", "seed"),
        (b'{"cases": [], "cases": []}', "/cases", "cases"),
        (body_of(ONE.replace('"ET": 0.9', '"ET": 0.9, "\\u0045T": 0.1')), "/cases/0/real/ET", "ET"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_name(
    api: Any, content: bytes, pointer: str, key: str
) -> None:
    answer = api.post("/trust-score", content=content, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert f"'{key}'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "spelling",
    [
        {"separators": (",", ":")},
        {"indent": 2},
        {"separators": (" , ", " : ")},
        {"sort_keys": True},
    ],
)
def test_how_json_is_spaced_does_not_matter(api: Any, spelling: dict[str, Any]) -> None:
    quoted = [{**case, "id": f'"{case["id"]}" : x'} for case in CASES]
    content = json.dumps({**REQUEST, "cases": quoted}, **spelling).encode()

    answer = api.post("/trust-score", content=content, headers=JSON)

    assert answer.status_code == 200
    assert answer.json() == api.post("/trust-score", json={**REQUEST, "cases": quoted}).json()


@pytest.mark.parametrize("content", [b"[" * 10_000_000, b"[]," * 3_000_000, b'{"a":' * 2_000_000])
def test_ten_megabytes_of_brackets_are_refused_in_bounded_memory(content: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    found = score_request(content, JSON_TYPE, None)

    assert isinstance(found, Refusal)
    assert len(found.detail) < 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_ten_megabytes_of_brackets_are_the_callers_fault(with_changes: Callable[..., Any]) -> None:
    api = with_changes(max_body_bytes=16 << 20)

    answer = api.post("/trust-score", content=b"[" * 10_000_000, headers=JSON)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_deep_brackets_are_refused_with_the_reason(api: Any) -> None:
    answer = api.post("/trust-score", content=b"[" * 1000, headers=JSON)

    assert answer.status_code == 422
    assert "nested too deeply" in answer.json()["detail"]


def test_more_cases_than_the_limit_are_refused_with_it(with_changes: Callable[..., Any]) -> None:
    api = with_changes(max_body_bytes=32 << 20)
    content = body_of(",".join([ONE.replace(" ", "")] * 100_001))

    answer = api.post("/trust-score", content=content, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/cases"
    assert "100000" in answer.json()["detail"]


def test_a_page_is_given_to_whoever_prefers_one(api: Any) -> None:
    plain = api.post("/trust-score", json=REQUEST)
    page = api.post("/trust-score", json=REQUEST, headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert plain.json()["digest"] in page.text
    assert plain.headers["vary"] == page.headers["vary"] == "Accept"


def test_equal_requests_give_equal_pages(api: Any) -> None:
    first, second = (
        api.post("/trust-score", json=REQUEST, headers={"Accept": "text/html"}) for _ in range(2)
    )

    assert first.content == second.content


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html, */*;q=0.1", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json;q=0.5, text/html;q=0.4", "application/json"),
        ("application/json;q=0.4, text/html; level=1; q=0.5", "text/html"),
        ("text/html;q=0, */*", "application/json"),
        ("text/*, application/json;q=0.2", "text/html"),
        ("image/png", "application/json"),
        ("text/html;q=high", "application/json"),
    ],
)
def test_the_preferred_type_is_the_one_of_most_weight(accept: str | None, kind: str) -> None:
    assert negotiate_type(accept) == kind


def test_a_refusal_is_a_problem_even_to_a_browser(api: Any) -> None:
    answer = api.post("/trust-score", json={"cases": []}, headers={"Accept": "text/html"})

    assert answer.headers["content-type"] == "application/problem+json"


def test_the_definitions_of_the_factors_are_data(api: Any) -> None:
    answer = api.get("/trust-factors")

    body = answer.json()
    assert answer.status_code == 200
    assert body["definition"] == "rajababu2025/2"
    assert body["factors"]["t4"]["direction"] == "lower is better"
    assert body["limits"]["cases"] == 100_000


def test_the_definitions_need_a_key(nobody: Any) -> None:
    assert nobody.get("/trust-factors").status_code == 401


def test_importing_the_gateway_loads_no_torch() -> None:
    code = (
        "import sys, syntrust_gateway.app, syntrust_gateway.orchestrator;"
        "sys.exit(bool({'torch', 'monai', 'nibabel', 'matplotlib'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_definitions_are_those_of_the_trust_factors(api: Any) -> None:
    answer = api.get("/trust-factors")

    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(list_definitions()))
