"""`syntrust dataset`: what it asks for, what it prints, and how it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import case, dataset
from tests.unit.client.intake import layouts

from syntrust.cli.arguments import parse_grid
from syntrust.cli.datasets import SHIPPED_GRID

Run = Callable[..., int]
HELD = {role: {"url": None, "expires": None} for role in layouts.ROLES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        layouts.plain(tmp_path / "cohort" / name)
    return tmp_path / "cohort"


def test_a_dataset_is_added_case_by_case_and_its_next_step_told(
    server: Any, answer: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = "Label scheme brats2021 was chosen."
    server.on("POST /datasets", answer(201, dataset("open")))
    server.on("POST /datasets/d1/cases", answer(201, HELD))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    cases = [case("a", "ready", warnings=[chosen]), case("b", "ready")]
    server.on("GET /datasets/d1", answer(body=dataset("ready", *cases)))

    code = run("dataset", "add", str(folder), "--grid", "64x64x64@3", "--scheme", "brats2021")

    asked = server.to("POST /datasets")[0].json()
    printed = capsys.readouterr().out
    grid = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
    assert (code, asked) == (
        0,
        {"name": "cohort", "grid": grid, "scheme": "brats2021", "origin": "patients"},
    )
    assert [item.json()["id"] for item in server.to("POST /datasets/d1/cases")] == ["a", "b"]
    assert chosen in printed
    assert "auto read label 4 as enhancing tumour in a." in printed
    assert "syntrust experiment run --dataset d1" in printed


def test_the_default_grid_is_the_one_that_the_shipped_generator_draws_on() -> None:
    shipped = Path(__file__).parents[4] / "services/generator/syntrust_generator"
    card = json.loads((shipped / "checkpoints/shipped/tiny/card.json").read_bytes())

    domain = {name: card["domain"][name] for name in ("shape", "spacing_mm")}
    assert parse_grid(SHIPPED_GRID) == domain


def test_on_another_grid_the_next_step_names_no_generator_that_refuses_it(
    server: Any, answer: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = dataset("ready", case("a", "ready")) | {"grid": "native"}
    server.on("POST /datasets/d1/cases", answer(201, HELD))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    server.on("GET /datasets/d1", answer(body=ready))

    assert run("dataset", "add", str(folder), "--into", "d1") == 0

    assert "--alphas 0,0.5,1 --generator NAME, with a generator for grid" in capsys.readouterr().out


def test_a_refused_case_prints_file_field_and_reason_and_ends_with_1(
    server: Any, answer: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flaw = {"file": "t1", "field": "affine", "reason": "Differs from seg's by 2 mm [x]."}
    server.on("POST /datasets", answer(201, dataset("open")))
    server.on("POST /datasets/d1/cases", answer(201, HELD))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    refused = case("a", "refused", problems=[flaw])
    server.on("GET /datasets/d1", answer(body=dataset("open", refused)))

    assert run("dataset", "add", str(folder)) == 1
    told = capsys.readouterr()
    assert "a: t1: affine: Differs from seg's by 2 mm [x]." in told.err
    assert f"then go on: syntrust dataset add {folder} --into d1\n" in told.out


def test_corrected_cases_go_into_the_same_open_dataset(
    server: Any, answer: Any, run: Run, folder: Path
) -> None:
    server.on("POST /datasets/d1/cases", answer(201, HELD))
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
    assert "b\tready\t1.5\t20.0\t3.0\tpatient-b" in printed


def test_a_dataset_of_phantoms_is_registered_and_shown_as_one(
    server: Any, answer: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phantoms = dataset("ready", case("a", "ready")) | {"origin": "phantoms"}
    server.on("POST /datasets", answer(201, dataset("open")))
    server.on("POST /datasets/d1/cases", answer(201, HELD))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    server.on("GET /datasets/d1", answer(body=phantoms))

    assert run("dataset", "add", str(folder), "--origin", "phantoms") == 0
    assert run("dataset", "show", "d1") == 0

    assert server.to("POST /datasets")[0].json()["origin"] == "phantoms"
    assert "cohort: ready, phantoms, grid 64x64x64@3" in capsys.readouterr().out


def test_a_folder_without_cases_ends_with_1_before_anything_is_created(
    server: Any, run: Run, tmp_path: Path
) -> None:
    assert run("dataset", "add", str(tmp_path)) == 1
    assert server.asked == []


@pytest.fixture
def accepted(server: Any, answer: Any) -> Any:
    """A server that takes every case."""
    server.on("POST /datasets", answer(201, dataset("open")))
    server.on("POST /datasets/d1/cases", answer(201, HELD))
    server.on("POST /datasets/d1/commit", answer(202, dataset("inspecting")))
    server.on("GET /datasets/d1", answer(body=dataset("ready", case("a", "ready"))))
    return server


def sent(server: Any) -> list[dict[str, Any]]:
    return [asked.json() for asked in server.to("POST /datasets/d1/cases")]


def test_every_folder_that_is_no_case_is_named_before_anything_is_created(
    server: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layouts.touch(folder / "figures", ["plot.png"])
    layouts.plain(folder / "c", without=["seg"])

    code = run("dataset", "add", str(folder))

    told = capsys.readouterr().err
    assert (code, server.asked) == (1, [])
    assert f"Nothing was sent: found 4 in {folder}: 2 cases, 1 refused, 1 left out." in told
    assert "refused: c: lacks seg (expected seg.nii.gz)\n" in told
    assert "left out: figures: holds no NIfTI file (.nii.gz or .nii), but plot.png\n" in told
    assert "go on without them, with --skip-refused and --skip-unrecognised" in told


def test_what_may_be_skipped_is_named_and_the_rest_is_sent(
    accepted: Any, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layouts.touch(folder / "figures", ["plot.png"])
    layouts.plain(folder / "c", without=["seg"])

    only_one = run("dataset", "add", str(folder), "--skip-unrecognised")
    refused = capsys.readouterr().err
    both = run("dataset", "add", str(folder), "--skip-unrecognised", "--skip-refused")

    told = capsys.readouterr().out
    assert (only_one, both) == (1, 0)
    assert ("refused: c" in refused, "left out: figures" in refused) == (True, False)
    assert [body["id"] for body in sent(accepted)] == ["a", "b"]
    assert "2 cases, 1 refused, 1 left out" in told
    assert "refused: c: lacks seg" in told
    assert "left out: figures: " in told


def test_a_folder_without_a_case_that_can_be_sent_is_refused_whatever_may_be_skipped(
    server: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layouts.plain(tmp_path / "c", without=["seg"])

    code = run("dataset", "add", str(tmp_path), "--skip-unrecognised", "--skip-refused")

    assert (code, server.asked) == (1, [])
    assert "It holds no case that can be sent" in capsys.readouterr().err


def test_new_ids_and_files_that_are_not_read_are_told(
    accepted: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layouts.plain(tmp_path / "Patient 01")
    layouts.touch(tmp_path, ["notes [1].txt", ".DS_Store"])

    assert run("dataset", "add", str(tmp_path)) == 0
    told = capsys.readouterr().out
    assert [body["id"] for body in sent(accepted)] == ["Patient-01"]
    assert "Patient 01: its case id is Patient-01\n" in told
    assert "no volumes, not read: notes [1].txt\n" in told
    assert "hidden entries, not read: 1\n" in told


def test_a_table_names_the_patients(
    accepted: Any, run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("case,patient\na,p1\nb,p1\nz,p2\n")

    assert run("dataset", "add", str(folder), "--patients", str(table)) == 0
    told = capsys.readouterr().out
    assert [body["patient"] for body in sent(accepted)] == ["p1", "p1"]
    assert "patients: 1, of 2 cases whose folder or table names one\n" in told
    assert "in the table of patients, not here: z\n" in told


def test_a_table_without_a_patient_for_a_case_is_refused_before_anything_is_created(
    server: Any, run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "patients.csv").write_text("case,patient\na,p1\n")

    assert run("dataset", "add", str(folder), "--patients", str(tmp_path / "patients.csv")) == 1
    assert server.asked == []
    assert "names none for b; give each case one" in capsys.readouterr().err


def test_the_labels_of_an_nnunet_dataset_go_with_its_cases_unless_a_scheme_is_named(
    accepted: Any, run: Run, tmp_path: Path
) -> None:
    layouts.nnunet(tmp_path, "a")

    assert run("dataset", "add", str(tmp_path)) == 0
    assert run("dataset", "add", str(tmp_path), "--scheme", "brats2023") == 0
    own, stated = sent(accepted)
    assert own["scheme"] == {"ED": [1], "NCR": [2], "ET": [3]}
    assert "scheme" not in stated


@pytest.mark.parametrize("failing", ["cases", "commit"])
def test_a_half_filled_dataset_tells_the_command_that_goes_on(
    accepted: Any,
    answer: Any,
    run: Run,
    *,
    tmp_path: Path,
    failing: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = layouts.plain(tmp_path / "my cohort" / "a").parent
    accepted.on(f"POST /datasets/d1/{failing}", answer(422, {"detail": "Too much."}))

    code = run("dataset", "add", str(folder), "--skip-unrecognised")

    command = f"syntrust dataset add '{folder}' --into d1 --skip-unrecognised"
    told = capsys.readouterr()
    assert code == 1
    assert f"The dataset is open and lacks cases. To go on: {command}\n" in told.out
    assert "Too much." in told.err
