"""`syntrust dataset`: what it asks for, what it prints, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import case, dataset

Run = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / "cohort" / name).mkdir(parents=True)
        (tmp_path / "cohort" / name / "t1.nii.gz").write_bytes(b"x")
    return tmp_path / "cohort"


def test_a_dataset_is_added_case_by_case_and_its_next_step_told(
    server: Any, answer: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = "Label scheme brats2021 was chosen."
    server.on("POST /datasets", answer(201, dataset("open")))
    server.on("POST /datasets/d1/cases", answer(201, {"t1": {"url": None, "expires": None}}))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    cases = [case("a", "ready", warnings=[chosen]), case("b", "ready")]
    server.on("GET /datasets/d1", answer(body=dataset("ready", *cases)))

    code = run("dataset", "add", str(folder), "--grid", "64x64x64@3", "--scheme", "brats2021")

    asked = server.to("POST /datasets")[0].json()
    printed = capsys.readouterr().out
    grid = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
    assert (code, asked) == (0, {"name": "cohort", "grid": grid, "scheme": "brats2021"})
    assert [item.json()["id"] for item in server.to("POST /datasets/d1/cases")] == ["a", "b"]
    assert chosen in printed
    assert "syntrust experiment run --dataset d1" in printed


def test_a_refused_case_prints_file_field_and_reason_and_ends_with_1(
    server: Any, answer: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flaw = {"file": "t1", "field": "affine", "reason": "Differs from seg's by 2 mm [x]."}
    server.on("POST /datasets", answer(201, dataset("open")))
    server.on("POST /datasets/d1/cases", answer(201, {"t1": {"url": None, "expires": None}}))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    refused = case("a", "refused", problems=[flaw])
    server.on("GET /datasets/d1", answer(body=dataset("open", refused)))

    assert run("dataset", "add", str(folder)) == 1
    assert "a: t1: affine: Differs from seg's by 2 mm [x]." in capsys.readouterr().err


def test_corrected_cases_go_into_the_same_open_dataset(
    server: Any, answer: Any, run: Run, folder: Path
) -> None:
    server.on("POST /datasets/d1/cases", answer(201, {"t1": {"url": None, "expires": None}}))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    server.on("GET /datasets/d1", answer(body=dataset("ready", case("a", "ready"))))

    assert run("dataset", "add", str(folder / "a"), "--into", "d1") == 0
    assert server.to("POST /datasets") == []


def test_an_id_in_a_list_stays_whole_on_a_narrow_terminal(
    server: Any,
    answer: Any,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    item = {**dataset("ready"), "id": "01a2046f-3eeb-7249-8fcd-fe3c77b01178", "name": "n" * 60}
    server.on("GET /datasets", answer(body={"items": [item], "next": None}))
    monkeypatch.setenv("COLUMNS", "80")

    assert run("dataset", "list") == 0
    assert item["id"] in capsys.readouterr().out


def test_showing_a_dataset_names_what_is_wrong_in_each_case(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    flaw = {"file": "seg", "field": "labels", "reason": "Holds 7."}
    volumes = {"ET": 1.5, "ED": 20.0, "NCR": 3.0}
    cases = [case("a", "refused", problems=[flaw]), case("b", "ready", region_volumes_ml=volumes)]
    server.on("GET /datasets/d1", answer(body=dataset("open", *cases)))

    assert run("dataset", "show", "d1") == 0
    printed = capsys.readouterr().out
    assert "a: seg: labels: Holds 7." in printed
    assert "20.0" in printed


def test_a_folder_without_cases_ends_with_1_before_anything_is_created(
    server: Any, run: Run, tmp_path: Path
) -> None:
    assert run("dataset", "add", str(tmp_path)) == 1
    assert server.asked == []
