"""Links to the twins that an experiment has drawn, as soon as each is there."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import FileInfo, Kind, Manifest
from syntrust_core.errors import InvalidRequest, NotFound
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Experiment, ExperimentStep, Step, StepState
from syntrust_gateway.uploads.links import FileLink, make_links

Drawn = Mapping[tuple[str, int], str]
"""Steps of twins, by case and number."""
_WARNING: Final = "Synthetic images, drawn by a model: of no patient, and for research use only."


class TwinFiles(AnswerBody):
    """One twin of a case, on the dataset's grid; its label map is that of the case."""

    case: str
    twin: Annotated[int, Field(description="0 is the first twin, which trains and tests.")]
    files: Annotated[
        dict[str, FileLink],
        Field(
            description="`<case>_synthetic-<twin>_<modality>.nii.gz`, and "
            "`<case>_synthetic-<twin>.json` with its origin."
        ),
    ]


class TwinsBody(AnswerBody):
    experiment: str
    warning: str = _WARNING
    done: Annotated[int, Field(description="Twins that are drawn, of cases not withdrawn.")]
    total: Annotated[int, Field(description="Twins that the experiment draws of these.")]
    items: list[TwinFiles]
    next: str | None


def list_twins(
    container: Container,
    caller: Caller,
    experiment_id: str,
    *,
    case: str | None,
    limit: int,
    cursor: str | None,
) -> tuple[TwinsBody, bool]:
    """List drawn twins by case and number, and say whether more may come.

    Raises
    ------
    NotFound
        If there is no such experiment, or no such case in it.
    """
    with container.read() as session:
        experiment = find_row(session, caller, Experiment, experiment_id)
        steps = _find_steps(session, experiment)
        if case is not None:
            steps = {key: step for key, step in steps.items() if key[0] == case}
            _require_some(steps, experiment, case)
        drawn = _find_drawn(session, experiment)
        done = [(key, step) for key, step in sorted(steps.items()) if step in drawn]
        left = done if cursor is None else [each for each in done if each[0] > _read(cursor)]
        page = left[:limit]
        manifests = _read_manifests(session, [step for _, step in page])
    items = [
        TwinFiles(
            case=name, twin=twin, files=make_links(container.store, _named(name, twin, files))
        )
        for (name, twin), step in page
        if (files := manifests.get(step)) is not None
    ]
    more = _write(page[-1][0]) if len(left) > limit else None
    body = TwinsBody(
        experiment=experiment.id, done=len(done), total=len(steps), items=items, next=more
    )
    return body, not experiment.state.final


def _find_steps(session: Session, experiment: Experiment) -> Drawn:
    """Find the steps of all twins of cases that are still there; a tombstone has no step."""
    here = Case.dataset_id == experiment.dataset_id, Case.state == CaseState.READY
    cases = {
        row.step: row.case_id
        for row in session.execute(select(Case.step, Case.case_id).where(*here))
    }
    query = (
        select(Step.id, Step.message)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .where(
            ExperimentStep.experiment_id == experiment.id, Step.kind == str(Kind.SYNTHESISE_CASE)
        )
    )
    return {
        (cases[message["case"]], int(message.get("twin", 0))): step
        for step, message in session.execute(query)
        if message["case"] in cases
    }


def _find_drawn(session: Session, experiment: Experiment) -> set[str]:
    query = (
        select(Step.id)
        .join(ExperimentStep, ExperimentStep.step_id == Step.id)
        .where(ExperimentStep.experiment_id == experiment.id, Step.state == StepState.DONE)
        .where(Step.manifest.is_not(None), Step.error.is_(None))
    )
    return set(session.scalars(query))


def _read_manifests(session: Session, steps: list[str]) -> dict[str, Manifest]:
    found = session.execute(select(Step.id, Step.manifest).where(Step.id.in_(steps)))
    return {step: Manifest.model_validate(manifest) for step, manifest in found}


def _named(case: str, twin: int, manifest: Manifest) -> dict[str, FileInfo]:
    """Name the files so that nobody takes them for those of a patient."""
    named = {}
    for name, info in manifest.files.items():
        stem, _, suffix = name.partition(".")
        part = "" if stem == "twin" else f"_{stem}"
        named[f"{case}_synthetic-{twin}{part}.{suffix}"] = info
    return named


def _require_some(steps: Drawn, experiment: Experiment, case: str) -> None:
    if not steps:
        raise NotFound(f"The experiment {experiment.id} draws no twin of a case {case}.")


def _write(key: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(f"{key[1]} {key[0]}".encode()).rstrip(b"=").decode()


def _read(cursor: str) -> tuple[str, int]:
    try:
        text = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
        twin, _, case = text.partition(" ")
        return case, int(twin)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest(
            "This cursor is unknown. Take it from `next` of the page before.",
            pointer="/query/cursor",
        ) from error
