"""results.csv: every measurement once, in one order, and the same numbers as the scores."""

import csv
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.report.long_table import HEADER, quote_formula, write_long_table
from syntrust_metrics.trust import InvalidScores, parse_csv, score_cases

Maker = Callable[..., Any]


def written(made: Any, folder: Path) -> list[dict[str, str]]:
    write_long_table(made.request, made.scores, folder / "results.csv")
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_is_a_case_a_set_an_alpha_a_seed_a_region_and_a_metric(
    experiment: Maker, tmp_path: Path
) -> None:
    rows = written(experiment(alphas=("0", "1"), seeds=(0, 7), again=True), tmp_path)

    keys = [
        tuple(row[name] for name in HEADER if name not in ("group", "seen", "value"))
        for row in rows
    ]
    assert len(set(keys)) == len(keys)
    dice = {
        (row["case"], row["set"], row["alpha"], row["seed"], row["region"])
        for row in rows
        if row["metric"] == "dice"
    }
    cases = [f"test-{i:02d}" for i in range(12)]
    sets, regions = ["real", "synthetic", "synthetic_again"], ["ED", "ET", "NCR", "TC", "WT"]
    assert dice == set(itertools.product(cases, sets, ["0", "1"], ["0", "7"], regions))


def test_values_are_those_of_the_scores_and_null_is_empty(
    experiment: Maker, tmp_path: Path
) -> None:
    made = experiment(alphas=("0.5",))
    step = made.request.runs[0].score_real
    case = next(case for case in made.request.cases if case.id == "test-03")
    score = made.scores[step].cases[case.case]
    hollow = score.model_copy(update={"dice": {**score.dice, "ET": None}})
    cases = {**made.scores[step].cases, case.case: hollow}
    made.scores[step] = made.scores[step].model_copy(update={"cases": cases})

    rows = {
        (row["region"], row["metric"]): row["value"]
        for row in written(made, tmp_path)
        if (row["case"], row["set"]) == ("test-03", "real")
    }

    assert rows["ET", "dice"] == ""
    assert float(rows["ED", "dice"]) == pytest.approx(score.dice["ED"], rel=1e-11)
    assert float(rows["TC", "dice"]) == pytest.approx(score.nested["TC"], rel=1e-11)
    assert float(rows["NCR", "reference_ml"]) == score.reference_ml["NCR"]


def test_the_order_of_cases_and_runs_does_not_reach_the_file(
    experiment: Maker, tmp_path: Path
) -> None:
    made = experiment(seeds=(0, 1), seen=2)
    request = made.request
    turned = request.model_copy(update={"cases": request.cases[::-1], "runs": request.runs[::-1]})

    write_long_table(request, made.scores, tmp_path / "a.csv")
    write_long_table(turned, made.scores, tmp_path / "b.csv")

    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_group_and_seen_stand_in_every_row(experiment: Maker, tmp_path: Path) -> None:
    made = experiment(alphas=("0",), seen=1)
    cases = tuple(case.model_copy(update={"group": "site, 1"}) for case in made.request.cases)
    made = type(made)(made.request.model_copy(update={"cases": cases}), made.scores)

    rows = written(made, tmp_path)

    assert {row["group"] for row in rows} == {"site, 1"}
    assert {row["case"] for row in rows if row["seen"] == "yes"} == {"test-00"}


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-x", "@SUM(A1)", "\t=1", "\r=1", "--1", "+1_0"])
def test_a_name_that_a_spreadsheet_would_run_is_quoted(name: str) -> None:
    assert quote_formula(name) == f"'{name}"


@pytest.mark.parametrize("name", ["", "site 1", "-1", "+2.5", "-.5e-3", "1=1", "a-b", "'=1"])
def test_numbers_and_ordinary_names_stay_as_they_are(name: str) -> None:
    assert quote_formula(name) == name


def test_no_cell_of_the_file_runs(experiment: Maker, tmp_path: Path) -> None:
    made = experiment(alphas=("0",))
    cases = tuple(case.model_copy(update={"group": "=HYPERLINK(1)"}) for case in made.request.cases)
    made = type(made)(made.request.model_copy(update={"cases": cases}), made.scores)

    rows = written(made, tmp_path)

    assert {row["group"] for row in rows} == {"'=HYPERLINK(1)"}
    assert all(value == quote_formula(value) for row in rows for value in row.values())


def test_the_table_of_one_alpha_scores_as_the_experiment_did(
    experiment: Maker, tmp_path: Path
) -> None:
    made = experiment(alphas=("0.5",), seeds=(0, 7), again=True)
    write_long_table(made.request, made.scores, tmp_path / "results.csv")
    test = [case for case in made.request.cases if case.part == "test"]
    trust_input = TrustInput(made.request, made.scores, test, lambda score: score.dice)
    paired = [case for run in made.request.runs for case in trust_input.pair_test_sets(run)]

    found = parse_csv((tmp_path / "results.csv").read_text("utf-8"))

    assert score_cases(found) == score_cases({"cases": paired})


def test_the_table_of_several_alphas_is_refused_with_the_way_to_keep_one(
    experiment: Maker, tmp_path: Path
) -> None:
    made = experiment(alphas=("0", "1"))
    write_long_table(made.request, made.scores, tmp_path / "results.csv")

    with pytest.raises(InvalidScores, match=r"several α: 0, and 1 in line .*--alpha 1"):
        parse_csv((tmp_path / "results.csv").read_text("utf-8"))
