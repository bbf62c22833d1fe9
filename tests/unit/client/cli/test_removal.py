"""The commands and calls that delete, withdraw and derive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.client.answers import dataset

Run = Callable[..., int]
REMOVED = {
    "datasets": [],
    "experiments": ["e1"],
    "jobs": [],
    "models": ["m1"],
    "uploads": [],
    "steps": 4,
    "objects": 9,
}


@pytest.mark.parametrize("kind", ["dataset", "experiment", "job", "model"])
def test_a_deletion_says_what_it_removed(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    server.on(f"DELETE /{kind}s/x1?cascade=true", answer(body=REMOVED))

    assert run(kind, "delete", "x1", "--cascade") == 0
    printed = capsys.readouterr().out
    assert "experiments: e1" in printed
    assert "models: m1" in printed
    assert "4 results and 9 files are removed." in printed


def test_an_upload_is_deleted_by_a_call(server: Any, answer: Any, client: Any) -> None:
    server.on("DELETE /uploads/u1?cascade=false", answer(body=REMOVED))

    assert client.jobs.delete_upload("u1")["objects"] == 9


def test_a_withdrawal_says_what_it_ended_and_what_to_do_next(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"failed_runs": ["e1"], "models_marked": [], "models_deleted": ["m1"], "kept_for": []}
    body = {"dataset": "d1", "case": "p0", "objects": 3} | told
    server.on("DELETE /datasets/d1/cases/p0?cascade=models", answer(body=body))

    assert run("dataset", "withdraw", "d1", "p0", "--delete-models") == 0
    printed = capsys.readouterr().out
    assert "p0 is withdrawn; 3 files are removed." in printed
    assert "failed runs: e1" in printed
    assert "models deleted: m1" in printed
    assert "next: syntrust dataset derive d1" in printed


def test_a_case_of_an_open_dataset_is_removed(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("DELETE /datasets/d1/cases/p0", answer(204))

    assert run("dataset", "withdraw", "d1", "p0") == 0
    assert "is removed" in capsys.readouterr().out


def test_a_derived_dataset_is_named(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("POST /datasets/d1/derive", answer(201, dataset("ready")))

    assert run("dataset", "derive", "d1", "--without", "p1") == 0
    assert server.asked[0].json() == {"name": None, "without": ["p1"]}
    assert "d1 is ready with 0 cases" in capsys.readouterr().out
