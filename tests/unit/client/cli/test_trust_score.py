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
STORED = Path(__file__).parents[3] / "data" / "stored" / "trust_answer_1.json"


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


def test_an_open_end_is_printed_in_words_and_the_spread_over_trainings_beside_its_value(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    estimate = {
        "value": 0.412,
        "ci": None,
        "scope": "training seeds",
        "seed_sd": 0.25,
        "reason": "12 cases give no upper bound",
    }
    lost = estimate | {"scope": None, "reason": "undefined in 36% of the resamples"}
    factors = trust()["factors"]
    factors["t5"]["synthetic"] = {"ED": estimate | {"bound": {"low": 0.1114}}, "ET": lost}

    scored(server, answer, run, tmp_path, factors=factors)

    printed = " ".join(capsys.readouterr().out.split())
    assert "synthetic ED 0.412 [≥ 0.111] sd 0.250" in printed
    assert "T5 synthetic ED is at least 0.111; 12 cases give no upper bound." in printed
    assert "T5 synthetic ET has no interval: undefined in 36% of the resamples" in printed


def test_regions_that_differ_are_named_and_zero_is_inside_or_outside(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    equivalence = trust()["equivalence"]
    equivalence |= {"every_region": "not every region", "different_regions": ["ED"]}
    equivalence["regions"]["ED"] |= {"verdict": "different", "excludes_zero": True}

    scored(server, answer, run, tmp_path, equivalence=equivalence)

    printed = " ".join(capsys.readouterr().out.split())
    assert "ED different 0.004 [-0.010, 0.020] excludes 0" in printed
    assert "every region not every region different: ED" in printed


def test_an_answer_of_an_earlier_release_says_that_it_does_not_hold_trainings(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))["answer"]

    scored(server, answer, run, tmp_path, **stored)

    assert "and not the spread over trainings" in " ".join(capsys.readouterr().out.split())
