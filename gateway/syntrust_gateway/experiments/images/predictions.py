"""Links to what an experiment's segmenters predicted for its test cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import FileInfo, Manifest, StepId
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.contracts.report import BuildReport, ReportRun, ReportTraining
from syntrust_core.errors import NotFound
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, Step, StepState
from syntrust_gateway.errors import NotYet
from syntrust_gateway.models import registry as models
from syntrust_gateway.uploads.links import FileLink, make_links

TestSet = Literal["real", "synthetic", "synthetic_again"]
RECORD_FILE: Final = "predictions.json"


class PredictionsBody(AnswerBody):
    experiment: str
    model: str
    test_set: TestSet
    cases: Annotated[dict[str, StepId], Field(description="What `predictions.json` calls each.")]
    files: Annotated[
        dict[str, FileLink],
        Field(
            description="`<case>.nii.gz`, on the dataset's grid: 0 background, 1 NCR, 2 ED, 3 ET; "
            "`<case>.p-<label>.nii.gz` where probabilities were asked for; and "
            "`predictions.json`, with voxels and mean entropy of each region."
        ),
    ]


def list_predictions(
    container: Container, caller: Caller, experiment_id: str, model: str, test_set: TestSet
) -> PredictionsBody:
    """Find the label maps of one segmenter of the experiment on one test set.

    Raises
    ------
    NotFound
        If there is no such experiment, no such model in it, or no second twin.
    Conflict
        If they have not been predicted yet.
    """
    found = models.find(container, caller, model)
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        report = _report(session, experiment)
        step = _prediction(session, _score(_training(report, found), test_set))
    ids = {case.case: case.id for case in report.cases}
    named = _by_case(Manifest.model_validate(step.manifest).files, ids)
    return PredictionsBody(
        experiment=experiment.id,
        model=found.name,
        test_set=test_set,
        cases={ids[image["case"]]: image["case"] for image in step.message["images"]},
        files=make_links(container.store, named),
    )


def _report(session: Session, experiment: Experiment) -> BuildReport:
    if experiment.goal is None:
        raise NotYet("The experiment is being planned; ask again.", state=str(experiment.state))
    return BuildReport.model_validate(session.get_one(Step, experiment.goal).message)


def _training(report: BuildReport, model: models.FoundModel) -> ReportTraining:
    for training in report.trainings:
        if training.model == model.ref.id:
            return training
    raise NotFound(f"This experiment has no segmenter {model.name}.")


def _score(training: ReportTraining, test_set: TestSet) -> StepId:
    again = training.score_again if isinstance(training, ReportRun) else None
    scores = {"real": training.score_real, "synthetic": training.score_synthetic}
    step = scores.get(test_set, again)
    if step is None:
        raise NotFound("There are no second twins. Ask for an experiment with `twins` of 2.")
    return step


def _prediction(session: Session, score: StepId) -> Step:
    message = ScoreCases.model_validate(session.get_one(Step, score).message)
    step = session.get_one(Step, message.prediction)
    if step.state is not StepState.DONE:
        raise NotYet("These test cases have not been predicted yet.", state=str(step.state))
    return step


def _by_case(files: Mapping[str, FileInfo], ids: Mapping[str, str]) -> dict[str, FileInfo]:
    """Name the files by the ids of the dataset's cases instead of the ids of their inspections."""
    named = {}
    for name, info in files.items():
        case, dot, rest = name.partition(".")
        named[name if name == RECORD_FILE else f"{ids[case]}{dot}{rest}"] = info
    return named
