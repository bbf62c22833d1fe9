from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

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


def test_importing_the_gateway_loads_no_torch() -> None:
    code = (
        "import sys, syntrust_gateway.app, syntrust_gateway.conductor;"
        "sys.exit(bool({'torch', 'monai', 'nibabel', 'matplotlib'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
