"""`syntrust experiment`: what it asks for, what it prints, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import experiment, results, trust
from tests.unit.client.interruption import interrupt

Run = Callable[..., int]


def test_an_experiment_is_asked_for_with_what_was_given_and_nothing_else(
    server: Any, answer: Any, run: Run
) -> None:
    server.on("POST /experiments", answer(202, experiment("queued")))

    code = run(
        *("experiment", "run", "--dataset", "d1", "--alphas", "0,0.5,1", "--seeds", "0,7"),
        *("--test-fraction", "0.4", "--iterations", "50", "--generator", "tiny", "--no-wait"),
        *("--controls", "real_only, shuffled_masks", "--start", "brats21", "--probabilities"),
    )

    assert code == 0
    assert server.asked[0].json() == {
        "dataset": "d1",
        "alphas": [0.0, 0.5, 1.0],
        "seeds": [0, 7],
        "split": {"test_fraction": 0.4},
        "generator": {"model": "tiny"},
        "segmenter": {"iterations": 50, "start": "brats21", "probabilities": True},
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


@pytest.mark.parametrize("spec", [{"origin": "phantoms"}, {}])
def test_images_that_are_not_known_to_be_of_patients_are_not_called_real(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str], spec: dict[str, str]
) -> None:
    found = {**results(), "provenance": {"spec": spec}}
    found["controls"] = [{"control": "real_plus_twins", **results()["alphas"][2], "alpha": None}]
    found["controls"][0]["mix"]["same_as"] = []
    server.on("GET /experiments/e1/results", answer(body=found))

    assert run("experiment", "results", "e1") == 0

    printed = capsys.readouterr().out
    assert not re.search(r"\breal\b", printed)
    assert "8 reference + 8" in printed
    assert "T4 mean |reference - synthetic|" in printed
    assert re.search(r"^  reference +0\.600", printed, re.MULTILINE)
    assert "T1 mean Dice on reference images" in printed


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


def test_the_recommendation_is_what_results_print_first(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"sentence": "Recommended: up to 50%.", "details": ["ET: up to 50%. At [75%] unclear."]}
    server.on("GET /experiments/e1/results", answer(body={**results(), "recommendation": found}))

    run("experiment", "results", "e1")

    printed = capsys.readouterr().out
    assert printed.startswith(
        "Recommended: up to 50%.\n  ET: up to 50%. At [75%] unclear.\nHow often this errs: "
    )


def test_results_that_were_made_without_a_recommendation_begin_with_their_factors(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /experiments/e1/results", answer(body=results()))

    assert run("experiment", "results", "e1") == 0

    printed = capsys.readouterr().out
    assert "T1 mean Dice" in printed
    assert "ecommend" not in printed


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


def test_ctrl_c_while_watching_leaves_the_experiment_running_and_says_so(
    server: Any, answer: Any
) -> None:
    server.on("GET /experiments/e1", answer(body=experiment("running")))

    first, rest, code = interrupt(server.url, "experiment", "watch", "e1")

    assert first.startswith("running: 1/3 steps")
    assert code == 130
    assert re.search(r"The experiment goes on: syntrust experiment watch e1", rest)
    assert {asked.method for asked in server.asked} == {"GET"}


def test_predicted_label_maps_are_fetched_into_a_folder(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{server.url}/bucket/p1?signed"
    files = {"p1.nii.gz": {"url": url, "expires": "2026", "bytes": 3, "sha256": None}}
    route = "GET /experiments/e1/predictions?model=segmenter-1&test_set=synthetic"
    server.on(route, answer(body={"cases": {"p1": "a"}, "files": files}))
    server.on("GET /bucket/p1?signed", answer(body=b"map"))

    code = run(
        *("experiment", "predictions", "e1", "--model", "segmenter-1"),
        *("--test-set", "synthetic", "--out", str(tmp_path / "out")),
    )

    assert code == 0
    # Those of every model and test set have the same names.
    target = tmp_path / "out" / "segmenter-1" / "synthetic"
    assert (target / "p1.nii.gz").read_bytes() == b"map"
    assert f"Label maps and predictions.json are in {target}." in capsys.readouterr().out


def test_controls_are_printed_below_the_mixes_or_say_why_they_are_undefined(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = {"control": "real_only", "alpha": 0.5, "trust": trust(), "mix": {"same_as": []}}
    none = {**arm, "alpha": 0.0, "trust": None, "mix": None, "reason": "α = 0 has no real image"}
    same = {**arm, "alpha": 1.0, "mix": {"same_as": [1.0]}}
    both = {**arm, "control": "real_plus_twins", "alpha": None}
    body = {**results(), "controls": [none, arm, same, both]}
    server.on("GET /experiments/e1/results", answer(body=body))

    run("experiment", "results", "e1")

    printed = capsys.readouterr().out
    _, _, controls = printed.partition("Controls:")
    lines = [" ".join(line.split()) for line in controls.splitlines()[1:5]]
    assert lines == [
        "real_only α = 0 undefined: α = 0 has no real image",
        "real_only α = 0.5 0.600 [0.500, 0.700]",
        "real_only α = 1 0.600 [0.500, 0.700] (the mix itself)",
        "real_plus_twins 0.600 [0.500, 0.700]",
    ]


def test_of_a_partial_experiment_what_is_there_is_printed_before_the_error(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"slug": "internal", "text": "It failed.", "log": ["10:00 error step.failed"]}
    failed = experiment("failed") | {"partial": True, "error": error}
    body = results()
    body["alphas"][1] |= {"trust": None, "mix": None, "reason": "seed 0: no memory"}
    lost = {"control": None, "alpha": 0.5, "seed": 0, "reason": "no memory"}
    twin = {"case": "c1", "reason": "comparing failed"}
    body |= {
        "partial": True,
        "recommendation": None,
        "missing": {
            "trainings": [lost],
            "twins": [twin],
            "second_twins": "drawing failed",
            "recommendation": "a mix lacks a training",
        },
    }
    server.on("GET /experiments/e1", answer(body=failed))
    server.on("GET /experiments/e1/results", answer(body=body))

    code = run("experiment", "watch", "e1")

    printed = capsys.readouterr()
    assert code == 1
    assert "Partial results." in printed.out
    assert "No share is recommended: a mix lacks a training." in printed.out
    assert "mix α = 0.5, training seed 0: no memory" in printed.out
    assert "twins of c1: comparing failed" in printed.out
    assert "second twins: drawing failed" in printed.out
    assert "α = 0.5\n" not in printed.out
    assert "10:00 error step.failed" in printed.out
    assert "It failed. Its other arms have ended: their results are partial." in printed.err


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_an_experiment_is_changed_by_a_word(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    server.on(f"POST /experiments/e1/{verb}", answer(202, experiment("queued")))

    assert run("experiment", verb, "e1") == 0
    assert "experiment e1: queued, priority 0" in capsys.readouterr().out


def test_a_priority_is_sent_as_a_change(server: Any, answer: Any, run: Run) -> None:
    server.on("PATCH /experiments/e1", answer(body=experiment("queued") | {"priority": 5}))

    assert run("experiment", "priority", "e1", "5") == 0
    assert server.asked[0].json() == {"priority": 5}


def test_a_dry_run_prints_what_is_known_of_the_cost_and_accepts_nothing(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {"total": 3, "done": 1, "bytes": 2000, "device_hours": 1.5, "reason": None}
    unknown = {"total": 1, "done": 0, "bytes": None, "device_hours": None, "reason": "not measured"}
    cost = {
        "steps_total": 4,
        "steps_done": 1,
        "room": "You may store 5 bytes and have 7.",
        "by_kind": {"train_segmenter": known, "build_report": unknown},
        "by_queue": {
            "segmenter": {"device_hours": 1.5, "reason": None},
            "metrics": {"device_hours": None, "reason": "not measured"},
        },
        "detectable": {
            "cases": 12,
            "seeds": 1,
            "power": 0.8,
            "regions": {"ET": {"non_inferiority": 0.0741, "equivalence": None}},
            "overall": {"non_inferiority": 0.05, "equivalence": 0.06},
            "source": {"detail": "Measured on an experiment."},
            "warnings": [{"code": "few_cases", "detail": "Too few cases."}],
        },
    }
    server.on("POST /experiments?dry_run=true", answer(body=cost))

    code = run("experiment", "run", "--dataset", "d1", "--alphas", "0,1", "--dry-run")

    printed = capsys.readouterr().out
    assert code == 0
    assert "4 steps, 1 of them are there already." in printed
    assert "segmenter: 1.5 device-hours" in printed
    assert "metrics: unknown" in printed
    assert "not measured" in printed
    assert "You may store 5 bytes and have 7." in printed
    assert "12 test cases and 1 training seed(s) show with a power of 80%" in printed
    assert "ET\t0.074\tnone" in printed
    assert "note: Too few cases." in printed
    assert "Nothing was accepted." in printed


@pytest.mark.parametrize("as_json", [False, True])
def test_results_write_the_report_as_a_pdf_where_one_is_asked_for(
    *,
    server: Any,
    answer: Any,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    as_json: bool,
) -> None:
    server.on("GET /experiments/e1/results", answer(body=results()))
    made = answer(body=b"%PDF-1.7", media="application/pdf")
    server.on("GET /experiments/e1/report.pdf", made)
    file = tmp_path / "new" / "sweep.pdf"

    code = run("experiment", "results", "e1", "--pdf", str(file), *["--json"] * as_json)

    printed = capsys.readouterr()
    assert code == 0
    assert file.read_bytes() == b"%PDF-1.7"
    assert f"The report is in {file}" in (printed.err if as_json else printed.out)
    assert not as_json or json.loads(printed.out) == results()
