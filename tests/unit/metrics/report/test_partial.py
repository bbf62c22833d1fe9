"""Partial results: what is there is given as ever, what is missing is named, nothing spans it."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import build_results, score_cases

from syntrust_core.contracts.canonical import digest
from syntrust_core.contracts.report import BuildReport, Missing
from syntrust_metrics import report
from syntrust_metrics.experiment.partial import NO_RECOMMENDATION, show
from syntrust_metrics.figures import CaseVolumes, draw_all, draw_fig4
from syntrust_metrics.report import ReportInputs, write_report

Maker = Callable[..., Any]
WHY = "training the segmenter failed (internal)"


def without(made: Any, *lost: tuple[str, int]) -> BuildReport:
    """The request without the mixes of these α and seeds."""
    request: BuildReport = made.request
    trainings = [{"alpha": alpha, "seed": seed, "reason": WHY} for alpha, seed in lost]
    runs = tuple(run for run in request.runs if (run.alpha, run.seed) not in lost)
    missing = Missing.model_validate({"trainings": trainings})
    return request.model_copy(update={"runs": runs, "missing": missing})


@pytest.fixture(scope="module")
def made(experiment: Maker) -> Any:
    return experiment(alphas=("0", "0.5", "1"), seeds=(0, 1))


@pytest.fixture(scope="module")
def gap(made: Any) -> Any:
    """Results without α = 0.5."""
    return build_results(without(made, ("0.5", 0), ("0.5", 1)), made.scores)


@pytest.fixture(scope="module")
def files(
    made: Any, records_of: Maker, pair: Maker, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    request = without(made, ("0.5", 0), ("0.5", 1))
    inputs = ReportInputs(request, made.scores, records_of(made), [pair()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "save_all", save_nothing)  # drawing them takes eight seconds
        return write_report(inputs, tmp_path_factory.mktemp("partial"))


def save_nothing(figures: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    paths = {f"{name}.svg": folder / f"{name}.svg" for name in figures}
    for path in paths.values():
        path.write_text("<svg/>")
    return paths


def test_an_alpha_without_trainings_is_there_with_the_reason_and_no_factors(gap: Any) -> None:
    for arms in (gap["alphas"], gap["nested"]):
        assert [arm["alpha"] for arm in arms] == [0, 0.5, 1]
        assert arms[1]["trust"] is None
        assert arms[1]["seeds"] == []
        assert arms[1]["reason"] == f"seed 0: {WHY}; seed 1: {WHY}"
        assert "reason" not in arms[0]


def test_the_arms_that_are_there_are_those_of_the_whole_experiment(made: Any, gap: Any) -> None:
    whole = build_results(made.request, made.scores)

    assert [gap["alphas"][i] for i in (0, 2)] == [whole["alphas"][i] for i in (0, 2)]


def test_nothing_is_said_over_all_alphas_where_a_mix_lacks_a_training(gap: Any) -> None:
    assert (gap["recommendation"], gap["curve"], gap["claims"]) == (None, None, None)
    assert gap["missing"]["recommendation"] == NO_RECOMMENDATION


def test_the_digest_covers_that_results_are_partial_and_what_they_lack(gap: Any) -> None:
    body = {key: value for key, value in gap.items() if key != "digest"}

    assert body["partial"] is True
    assert gap["digest"] == f"sha256:{digest(body)}"
    assert gap["missing"]["trainings"][0] == {
        "control": None,
        "alpha": 0.5,
        "seed": 0,
        "reason": WHY,
    }


def test_an_alpha_that_lacks_one_seed_has_the_factors_of_the_others(made: Any) -> None:
    results = build_results(without(made, ("0", 1)), made.scores)

    arm = results["alphas"][0]
    assert [seed["seed"] for seed in arm["seeds"]] == [0]
    assert arm["trust"] == score_cases({"cases": arm["seeds"][0]["cases"]})
    assert arm["reason"] == f"seed 1: {WHY}"
    assert arm["versus_real"]["seeds"] == 1
    assert results["floors"]["seeds"]["reason"] == "not every α has the same training seeds"


def test_no_mix_is_compared_with_real_data_that_was_not_trained_on(made: Any) -> None:
    results = build_results(without(made, ("1", 0), ("1", 1)), made.scores)

    assert [arm["versus_real"] for arm in results["alphas"]] == [None, None, None]


def test_a_missing_control_leaves_what_is_said_over_all_alphas(experiment: Maker) -> None:
    made = experiment(controls=True)
    missing = [{"control": "real_only", "alpha": "0.5", "seed": 0, "reason": WHY}]
    arms = tuple(
        arm.model_copy(update={"trainings": (), "reason": WHY})
        if (arm.control, arm.alpha) == ("real_only", "0.5")
        else arm
        for arm in made.request.controls
    )
    request = made.request.model_copy(
        update={"controls": arms, "missing": Missing.model_validate({"trainings": missing})}
    )

    results = build_results(request, made.scores)

    whole = build_results(made.request, made.scores)
    for name in ("recommendation", "curve", "claims"):
        assert results[name] == whole[name]
    assert results["missing"]["recommendation"] is None
    assert results["digest"] != whole["digest"]
    lost = [arm for arm in results["controls"] if arm["reason"] == WHY]
    assert [(arm["control"], arm["alpha"], arm["trust"]) for arm in lost] == [
        ("real_only", 0.5, None)
    ]


def test_no_line_crosses_an_alpha_that_is_missing(gap: Any) -> None:
    axes = draw_fig4(show(gap)).axes[0]

    for line in axes.get_lines():
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        assert len(x) == 3
        assert np.isnan(y).tolist() == [False, True, False]


def test_the_report_says_that_it_is_partial_and_what_is_missing(files: dict[str, Path]) -> None:
    page = files["report.html"].read_text("utf-8")

    assert "Partial results" in page
    assert f"No share is recommended: {NO_RECOMMENDATION}." in page
    assert f"α = 0.5, training seed 1 is missing: {WHY}." in page
    assert json.loads(files["results.json"].read_text("utf-8"))["partial"] is True


def test_the_table_has_a_row_without_value_for_each_training_that_is_missing(
    files: dict[str, Path],
) -> None:
    rows = list(csv.DictReader(io.StringIO(files["results.csv"].read_text("utf-8"))))

    lost = [row for row in rows if row["alpha"] == "0.5"]
    assert [(row["seed"], row["metric"], row["value"]) for row in lost] == [
        ("0", f"missing: {WHY}", ""),
        ("1", f"missing: {WHY}", ""),
    ]


def test_every_figure_says_that_it_is_partial(made: Any, gap: Any, pair: Maker) -> None:
    volumes = [
        CaseVolumes(case.id, case.part, {"ET": 1.0, "ED": 2.0, "NCR": 3.0})
        for case in made.request.cases
    ]
    for figure in draw_all(show(gap), [pair()], volumes).values():
        assert figure.get_supxlabel().startswith("PARTIAL RESULTS. α = 0.5, training seed 0")
