"""The `syntrust` command: what it asks for, what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntrust.cli import main

Run = Callable[..., int]


@pytest.fixture
def run(server: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command against the server; gives its exit code."""
    monkeypatch.setenv("SYNTRUST_URL", server.url)
    monkeypatch.setenv("SYNTRUST_KEY", "secret")
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        return int(ended.value.code or 0)

    return run


def leaf(value: float | None, *ci: float) -> dict[str, Any]:
    return {
        "value": value,
        "ci": list(ci) or None,
        "scope": "this trained model" if ci else None,
        "seed_sd": None,
        "reason": None if value is not None else "the mean Dice is 0",
    }


def trust(cases: int = 12) -> dict[str, Any]:
    both = {"real": leaf(0.6, 0.5, 0.7), "synthetic": leaf(0.7, 0.6, 0.8)}
    regions = {"ED": leaf(0.9), "ET": leaf(None)}
    factors = {
        "t1": both,
        "t2": both,
        "t3": regions,
        "t4": regions,
        "t5": {"real": regions, "synthetic": regions},
    }
    low = {"code": "low_n", "detail": "Fewer than 50 cases (12)."}
    near = {
        "verdict": "equivalent",
        "difference": 0.004,
        "ci90": [-0.01, 0.02],
        "p": 0.01,
        "power": 0.9,
        "reason": None,
    }
    open_ = near | {"verdict": "inconclusive", "reason": "rare large failures"}
    equivalence = {
        "margin": 0.03,
        "regions": {"ED": near, "ET": open_},
        "overall": near,
        "every_region": "inconclusive",
    }
    score = {
        "definition": "syntrust/1",
        "value": 71.25,
        "ci": [64.0, 77.5],
        "parts": {"s0": 0.8, "s1": 0.9, "s2": 0.9, "s3": 0.421, "s4": 0.9, "s5": 0.9},
        "weakest": "s3",
        "reason": None,
    }
    return {
        "cases": cases,
        "factors": factors,
        "equivalence": equivalence,
        "score": score,
        "warnings": [low],
    }


def results() -> dict[str, Any]:
    alphas = [
        {
            "alpha": alpha,
            "mix": {"n_real": round(16 * alpha), "n_synthetic": 16 - round(16 * alpha)},
            "trust": trust(),
        }
        for alpha in (0.0, 0.5, 1.0)
    ]
    return {"alphas": alphas, "unseen": None, "digest": "sha256:feed"}


def experiment(name: str) -> dict[str, Any]:
    kinds = {"train_segmenter": {"done": 1, "total": 3, "running": 1}}
    progress = {"done": 20, "total": 200, "detail": {"loss": 0.51234567}}
    return {
        "id": "e1",
        "name": None,
        "dataset": "d1",
        "state": name,
        "steps": {"done": 1, "total": 3, "by_kind": kinds},
        "running": [{"step": "ab", "kind": "train_segmenter", "progress": progress}],
        "queue_position": None,
        "eta_seconds": 60.0,
        "error": None,
        "created": "2026",
        "finished": None,
        "alphas": [0.0, 1.0],
    }


def dataset(name: str, *cases: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "d1",
        "name": "cohort",
        "state": name,
        "grid": {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]},
        "scheme": "auto",
        "digest": "abc" if name == "ready" else None,
        "created": "2026",
        "cases": list(cases),
        "progress": {"inspected": len(cases), "total": len(cases)},
    }


def case(name: str, state: str, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"id": name, "group": None, "state": state, "region_volumes_ml": None}
    return {**body, "problems": [], "warnings": [], **more}


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


def test_an_experiment_is_asked_for_with_what_was_given_and_nothing_else(
    server: Any, answer: Any, run: Run
) -> None:
    server.on("POST /experiments", answer(202, experiment("queued")))

    code = run(
        *("experiment", "run", "--dataset", "d1", "--alphas", "0,0.5,1", "--seeds", "0,7"),
        *("--test-fraction", "0.4", "--iterations", "50", "--generator", "tiny", "--no-wait"),
        *("--controls", "real_only, shuffled_masks"),
    )

    assert code == 0
    assert server.asked[0].json() == {
        "dataset": "d1",
        "alphas": [0.0, 0.5, 1.0],
        "seeds": [0, 7],
        "split": {"test_fraction": 0.4},
        "generator": {"model": "tiny"},
        "segmenter": {"iterations": 50},
        "controls": ["real_only", "shuffled_masks"],
    }


def test_a_finished_experiment_prints_factors_intervals_notes_and_research_use(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("POST /experiments", answer(202, experiment("queued")))
    server.on("GET /experiments/e1", answer(body=experiment("succeeded")))
    server.on("GET /experiments/e1/results", answer(body=results()))

    code = run("experiment", "run", "--dataset", "d1", "--alphas", "0,0.5,1")

    printed = capsys.readouterr().out
    assert code == 0
    assert "train segmenters 1/3" in printed
    assert "0.600 [0.500, 0.700]" in printed
    assert printed.count("T3 ET is undefined: the mean Dice is 0") == 1
    assert "8 real + 8 twins" in printed
    assert printed.count("Fewer than 50 cases (12).") == 1
    assert "12 test cases give wide intervals" in printed
    assert "one training seed says nothing" in printed
    assert "For research use only" in printed
    assert "sha256:feed" in printed


@pytest.mark.parametrize(("columns", "tables"), [("80", 1), ("60", 2), ("40", 3)])
def test_a_narrow_terminal_gets_the_alphas_below_each_other(
    *,
    server: Any,
    answer: Any,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: str,
    tables: int,
) -> None:
    server.on("GET /experiments/e1/results", answer(body=results()))
    monkeypatch.setenv("COLUMNS", columns)

    run("experiment", "results", "e1")

    printed = capsys.readouterr().out
    assert printed.count("T1 mean Dice") == tables
    assert printed.count("0.600 [0.500, 0.700]") == 6


def test_a_failed_experiment_ends_with_1_and_the_servers_sentence(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = {**experiment("failed"), "error": {"slug": "x", "text": "Lower the patch size."}}
    server.on("GET /experiments/e1", answer(body=failed))

    assert run("experiment", "watch", "e1") == 1
    assert "Lower the patch size." in capsys.readouterr().err


def test_lists_can_be_read_by_programs(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /experiments", answer(body={"items": [experiment("running")], "next": None}))

    assert run("experiment", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "e1"


def test_scores_of_a_file_are_printed_with_what_few_cases_cannot_show(
    server: Any,
    answer: Any,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "dice.csv"
    file.write_text("\ufeffcase,set,region,dice\na,real,ET,0.5\n", encoding="utf-8")
    server.on("POST /trust-score", answer(body=trust(cases=1)))

    assert run("trust-score", str(file)) == 0
    assert server.asked[0].body.startswith(b"case,set")
    assert "1 test case shows that the platform reads" in capsys.readouterr().out


def scored(server: Any, answer: Any, run: Run, folder: Path, **changes: Any) -> None:
    file = folder / "dice.json"
    file.write_text('{"cases": []}')
    server.on("POST /trust-score", answer(body=trust() | changes))
    assert run("trust-score", str(file)) == 0


def test_a_scoring_prints_verdicts_and_the_score_with_its_weakest_part(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored(server, answer, run, tmp_path)

    printed = " ".join(capsys.readouterr().out.split())
    assert "Equivalence of both test sets (margin 0.03;" in printed
    assert "ED equivalent 0.004 [-0.010, 0.020]" in printed
    assert "ET undecided 0.004 [-0.010, 0.020] rare large failures" in printed
    assert "every region undecided" in printed
    assert "71.2 of 100 [64.0, 77.5]; weakest part: agreement case by case, 0.421 of 1" in printed


def test_a_score_that_is_undefined_is_printed_with_its_reason(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undefined = {"definition": "syntrust/1", "value": None, "reason": "the mean Dice is 0"}

    scored(server, answer, run, tmp_path, score=undefined)

    assert "Score syntrust/1 undefined: the mean Dice is 0" in capsys.readouterr().out


def test_wrong_usage_ends_with_2(run: Run, tmp_path: Path) -> None:
    assert run("experiment", "run", "--dataset", "d1", "--alphas", "0,half") == 2
    assert run("experiment", "run", "--dataset", "d1", "--alphas", "nan") == 2
    assert run("dataset", "add", str(tmp_path), "--grid", "64x64") == 2
    assert run("trust-score", str(tmp_path / "absent.csv")) == 2


def test_a_folder_without_cases_ends_with_1_before_anything_is_created(
    server: Any, run: Run, tmp_path: Path
) -> None:
    assert run("dataset", "add", str(tmp_path)) == 1
    assert server.asked == []


def test_no_server_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--url", "http://127.0.0.1:9", "--key", "k", "dataset", "list"])

    assert ended.value.code == 3
    assert "No answer from http://127.0.0.1:9" in capsys.readouterr().err


def test_the_key_is_read_from_the_credentials_of_a_stack(
    server: Any, answer: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"admin_key": "from file", "s3_secret_key": "other"}))
    monkeypatch.delenv("SYNTRUST_KEY")
    monkeypatch.setenv("SYNTRUST_KEY_FILE", str(file))
    server.on("GET /datasets", answer(body={"items": [], "next": None}))

    assert run("dataset", "list") == 0
    assert server.asked[0].headers["Authorization"] == "Bearer from file"


def test_ctrl_c_while_watching_leaves_the_experiment_running_and_says_so(
    server: Any, answer: Any
) -> None:
    server.on("GET /experiments/e1", answer(body=experiment("running")))
    command = [sys.executable, "-m", "syntrust", "--url", server.url, "--key", "k"]

    with subprocess.Popen(
        [*command, "experiment", "watch", "e1"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert first.startswith("running: 1/3 steps")
    assert process.returncode == 130
    assert re.search(r"The experiment goes on: syntrust experiment watch e1", rest)
    assert {asked.method for asked in server.asked} == {"GET"}
