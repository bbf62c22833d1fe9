"""`syntrust trust-score`: scores in, factors, verdicts and score out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import trust

Run = Callable[..., int]


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
    assert server.asked[0].body == file.read_bytes()
    assert server.asked[0].headers["Content-Type"] == "text/csv"
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
    undefined = {"definition": "syntrust/1", "value": None, "weakest": None}
    undefined["reason"] = "the mean Dice is 0"

    scored(server, answer, run, tmp_path, score=undefined)

    assert "Score syntrust/1 undefined: the mean Dice is 0" in capsys.readouterr().out


def test_scores_come_from_stdin_too(
    server: Any, answer: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = b"case,set,region,dice\na,real,ET,0.5\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(table)))
    server.on("POST /trust-score", answer(body=trust()))

    assert run("trust-score", "-") == 0
    assert server.asked[0].body == table


def test_a_pair_of_nnunets_summaries_is_scored_under_names_of_its_own(
    server: Any, answer: Any, run: Run, tmp_path: Path
) -> None:
    entry = {"metrics": {"3": {"Dice": 0.5}}, "reference_file": "r/c0.nii.gz"}
    files = [tmp_path / "real.json", tmp_path / "synthetic.json"]
    for file in files:
        file.write_text(json.dumps({"metric_per_case": [entry]}))
    server.on("POST /trust-score", answer(body=trust()))

    code = run(
        *("trust-score", str(files[0]), "--synthetic", str(files[1]), "--regions", "3=ET"),
    )

    assert code == 0
    assert server.asked[0].json() == {
        "cases": [{"id": "c0", "real": {"ET": 0.5}, "synthetic": {"ET": 0.5}}]
    }


def test_names_of_labels_that_are_none_are_wrong_usage(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "real.json"
    file.write_text("{}")

    assert run("trust-score", str(file), "--regions", "ET") == 2
    assert run("trust-score", str(file), "--nan", "zero") == 2
