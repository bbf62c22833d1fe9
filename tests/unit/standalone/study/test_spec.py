"""The files of studies: what they ask for, and how a wrong one is refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.unit.standalone.study.conftest import SMALL

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.grid import Grid
from syntrust_core.errors import InvalidRequest
from syntrust_gateway.datasets.planner_view import CaseView, DatasetView
from syntrust_gateway.experiments.plan import plan
from syntrust_gateway.experiments.resolve import resolve
from syntrust_gateway.experiments.spec import ExperimentSpec
from syntrust_gateway.models.planner_view import GeneratorView
from syntrust_metrics.trust.inference.recommendation_bounds import fewest_cases
from syntrust_metrics.trust.request.policy import Policy
from syntrust_standalone.study.run import build_request
from syntrust_standalone.study.spec import Study, read_study

STUDIES = Path(__file__).parents[4] / "studies"
FILES = sorted(STUDIES.glob("*.json"))
GRID = Grid(shape=(64, 64, 64), spacing_mm=(3, 3, 3))
TENTHS = tuple(i / 10 for i in range(11))


def all_steps(study: Study) -> dict[str, StepMessage]:
    """Every step of every experiment, planned on made-up cases; shared ones once."""
    ids = [f"c{i:05d}" for i in range(study.split.cases)]
    cases = tuple(CaseView(case, None, f"{i:064x}", f"{i:x}-print") for i, case in enumerate(ids))
    dataset = DatasetView("ds", "d" * 64, GRID, cases)
    generator = GeneratorView(
        study.generator.model, "e" * 64, "ddim", 10, 250, GRID, frozenset(), frozenset()
    )
    body: Any = {"id": "ds", "cases": [{"id": case} for case in ids]}
    steps: dict[str, StepMessage] = {}
    for each in study.experiments:
        asked = ExperimentSpec.model_validate(build_request(study, each, body))
        planned = plan(resolve(asked, dataset, generator), dataset)
        steps |= {step.step_id: step for step in planned.steps}
    return steps


def refused(tmp_path: Path, **changed: Any) -> str:
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps({**SMALL, **changed}))
    with pytest.raises(InvalidRequest) as caught:
        read_study(file)
    assert str(file) in caught.value.detail
    return caught.value.detail.replace(str(file), "FILE")


def test_both_studies_of_the_paper_are_there() -> None:
    assert [file.stem for file in FILES] == ["brats2021", "phantoms"]


@pytest.mark.parametrize("name", ["brats2021", "phantoms"])
def test_a_study_has_the_design_of_the_paper(name: str) -> None:
    study = read_study(STUDIES / f"{name}.json")

    mixes, controls = study.experiments
    assert mixes.alphas == TENTHS
    assert len(mixes.seeds) == 3
    assert (controls.alphas, len(controls.seeds), controls.twins) == ((0, 0.5, 1), 1, 2)
    assert len(controls.controls) == 4


def test_the_studies_have_as_many_cases_as_they_should() -> None:
    phantoms, brats = (read_study(STUDIES / f"{name}.json") for name in ("phantoms", "brats2021"))

    assert phantoms.split.train >= 40
    assert phantoms.split.test >= 60
    assert (brats.split.train, brats.split.test) == (1000, 251)
    assert brats.segmenter.preset == "full"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_study_has_test_cases_enough_that_a_share_can_be_recommended(file: Path) -> None:
    # Else failures too rare to be seen could always reach the margin, whatever was found.
    assert read_study(file).split.test >= fewest_cases(Policy().margin)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_cost_of_a_study_names_as_many_steps_as_are_planned(file: Path) -> None:
    study = read_study(file)

    # The inspection of a case belongs to its dataset.
    assert study.cost.steps == len(all_steps(study))


def test_what_two_experiments_share_is_one_step() -> None:
    study = read_study(STUDIES / "phantoms.json")

    kinds = Counter(step.KIND for step in all_steps(study).values())

    # α = 0, .5 and 1 of the second are trainings of the first; of its 4 controls at 3 α, those at
    # α = 1 are the mix, and two of those at α = 0 cannot be.
    assert kinds[Kind.TRAIN_SEGMENTER] == 11 * 3 + 5
    # First twins of every case, second ones of test cases.
    assert kinds[Kind.SYNTHESISE_CASE] == study.split.cases + study.split.test


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Not so"}, "FILE, /name: Give a name of small letters, digits and hyphens"),
        ({"colour": 1}, "FILE, /colour: There is no such field; leave it out."),
        ({"experiments": []}, "FILE, /experiments: Give at least 1; there is none."),
        ({"dataset": {"kind": "scans"}}, "FILE, /dataset: Give one of 'phantoms', 'registered'"),
        ({"dataset": {"kind": "phantoms"}}, "FILE, /dataset/seed: This field is missing."),
        ({"split": {**SMALL["split"], "train": 1}}, "FILE, /split/train: Give at least 2."),
        (
            {"experiments": [{"name": "a", "alphas": [0, 0], "seeds": [0]}]},
            "FILE, /experiments/0: Alphas: 0.0 is listed twice; name each once.",
        ),
        (
            {"experiments": [{"name": "a", "alphas": [2], "seeds": [0]}]},
            "FILE, /experiments/0/alphas/0: Give at most 1.",
        ),
        (
            {"experiments": 2 * [{"name": "a", "alphas": [0], "seeds": [0]}]},
            "a is listed twice; name each once.",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_file(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    assert said in refused(tmp_path, **changed)


def test_what_is_no_file_or_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("{")

    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_study(tmp_path / "none.json")
    with pytest.raises(InvalidRequest, match=r"text\.json, the whole file: This is not JSON"):
        read_study(tmp_path / "text.json")


def test_a_dataset_of_another_size_is_refused() -> None:
    study = Study.model_validate(SMALL)
    body: Any = {"id": "ds", "cases": [{"id": "one"}]}

    with pytest.raises(InvalidRequest, match=r"The dataset has 1 cases, .* small is of 16"):
        build_request(study, study.main, body)


def test_a_random_split_has_the_numbers_of_the_file() -> None:
    study = read_study(STUDIES / "brats2021.json")
    steps = all_steps(study).values()

    trainings = [step for step in steps if step.KIND is Kind.TRAIN_SEGMENTER]
    assert {len(step.model_dump()["train"]) for step in trainings} >= {1000}
