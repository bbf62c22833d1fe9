"""The step that scores uploaded label maps: Dice per case, then the trust factors of those."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.label_meaning import (
    LabelReading,
    find_contradictions,
    read_labels_of,
    tell_choices,
)
from syntrust_core.cases.label_schemes import (
    Choice,
    check_label_4,
    choose_mapping,
    integer_values,
    to_canonical,
    value_counts,
)
from syntrust_core.cases.upload_reader import frame_problems, text_warnings
from syntrust_core.cases.validation import PLAUSIBLE_BRAIN_ML
from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.case_record import Problem
from syntrust_core.contracts.job_steps import VOLUME_WARNINGS_FILE, ScoreVolumes, VolumeCase
from syntrust_core.contracts.vocabulary import (
    REGIONS,
    VOLUME_ROLES,
    Scheme,
    VolumeRole,
    values_of,
)
from syntrust_core.errors import CallerError, InvalidRequest, InvalidVolume
from syntrust_core.imaging.nifti import Volume, read_nifti
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_metrics.segmentation.overlap import MM3_PER_ML, REGION_LABELS, confusion_matrix, dice
from syntrust_metrics.trust import InvalidScores, score_cases
from syntrust_metrics.trust.schema.request import ScoredCase

TRUST_FILE: Final = "trust.json"
CASES_FILE: Final = "cases.json"

LabelMaps = Mapping[VolumeRole, NDArray[np.uint8]]


class ReadMaps(NamedTuple):
    """The label maps of a case, (X, Y, Z) with labels 0 to 3 on one grid, and how they were read.

    The counts of `choice` are the largest of each value in any of the files.
    """

    maps: LabelMaps
    choice: Choice
    noticed: tuple[Problem, ...]


class InvalidCase(CallerError):
    """The label maps of a case cannot be compared; `case`, `file` and `field` say what is wrong."""

    slug, title = "invalid-volume", "Volume cannot be used"


def score_volumes(message: StepMessage, context: StepContext) -> None:
    """Write `cases.json`, a request to `POST /trust-score`, and `trust.json`, its answer.

    `warnings.json` tells how labels were read where the caller has not said it, and what else was
    noticed.
    """
    request = require_message(ScoreVolumes, message)
    entries, readings = [], []
    noticed: list[Problem] = []
    for index, case in enumerate(request.cases):
        found = _read_case(case, context)
        entries.append(_score_case(case, found.maps))
        readings.append(_reading(case, found.choice))
        noticed += _notice(case, found)
        context.report(index + 1, len(request.cases))
    _require_one_meaning(readings)
    body = {"cases": entries, "policy": request.policy}
    try:
        answer = score_cases(body)
    except InvalidScores as error:
        raise InvalidRequest(error.detail, pointer=error.pointer) from error
    _publish_json(context, CASES_FILE, body)
    _publish_json(context, TRUST_FILE, answer)
    chosen = [Problem(file="seg", field="label", reason=told) for told in tell_choices(readings)]
    _publish_json(
        context, VOLUME_WARNINGS_FILE, [each.model_dump() for each in (*chosen, *noticed)]
    )


def _read_case(case: VolumeCase, context: StepContext) -> ReadMaps:
    folder = context.scratch / "upload"
    try:
        files: dict[VolumeRole, Path] = {
            role: context.fetch_upload(role, case.files[role], folder / role)
            for role in VOLUME_ROLES
        }
        return read_label_maps(files, scheme=case.scheme)
    except InvalidVolume as refusal:
        raise InvalidCase(
            f"Case {case.id}, {refusal.file}: {refusal.detail}",
            case=case.id,
            file=refusal.file,
            field=refusal.field,
        ) from refusal


def _score_case(case: VolumeCase, maps: LabelMaps) -> ScoredCase:
    entry: ScoredCase = {
        "id": case.id,
        "real": compute_region_dice(maps["seg"], maps["prediction_real"]),
        "synthetic": compute_region_dice(maps["seg"], maps["prediction_synthetic"]),
    }
    if case.group is not None:
        entry["group"] = case.group
    return entry


def _reading(case: VolumeCase, choice: Choice) -> LabelReading:
    mapping, counts = choice.mapping, choice.counts
    present = [
        region for region in REGIONS if any(counts.get(v) for v in values_of(mapping, region))
    ]
    return read_labels_of(case.id, requested=case.scheme, mapping=mapping, present=present)


def _require_one_meaning(readings: Sequence[LabelReading]) -> None:
    for case, reason in find_contradictions(readings).items():
        raise InvalidCase(f"Case {case}, seg: {reason}", case=case, file="seg", field="label")


def _notice(case: VolumeCase, found: ReadMaps) -> list[Problem]:
    """Tell what was noticed in one case. What `auto` chose is told once for all cases."""
    chosen = () if case.scheme == "auto" else found.choice.warnings
    return [
        problem.model_copy(update={"reason": f"Case {case.id}: {problem.reason}"})
        for problem in (*chosen, *found.noticed)
    ]


def read_label_maps(files: Mapping[VolumeRole, Path], *, scheme: Scheme) -> ReadMaps:
    """Read the canonical labels of the three files of a case.

    `auto` chooses one scheme for all three files: label 4 in one and label 3 in another are refused
    as they are in one file. Files of any orientation will do, since Dice only counts voxels.

    Raises
    ------
    InvalidVolume
        If a file cannot be read, differs in shape or affine from `seg`, or holds a label that the
        scheme does not know. The error names the role of the file.
    """
    volumes = {role: read_nifti(files[role], role=role) for role in VOLUME_ROLES}
    for problem in frame_problems(volumes):
        raise InvalidVolume(problem.reason, file=problem.file, field=problem.field)
    values = {role: integer_values(volume, role=role) for role, volume in volumes.items()}
    choice = _choose_common_mapping(values, volumes["seg"], scheme)
    maps = {role: to_canonical(array, choice.mapping) for role, array in values.items()}
    return ReadMaps(maps, choice, tuple(text_warnings(volumes)))


def _choose_common_mapping(
    values: Mapping[VolumeRole, NDArray[np.int16]], reference: Volume, scheme: Scheme
) -> Choice:
    voxel_ml = abs(np.linalg.det(reference.affine[:3, :3])) / MM3_PER_ML
    largest_brain = round(PLAUSIBLE_BRAIN_ML[1] / voxel_ml)  # no file says where the brain is
    counts: dict[int, int] = {}
    for role, array in values.items():
        own = value_counts(array)
        counts = {value: max(counts.get(value, 0), own.get(value, 0)) for value in counts | own}
        try:
            choice = choose_mapping(scheme, counts)
            check_label_4(counts, largest_brain, scheme)
        except InvalidVolume as refusal:
            raise InvalidVolume(refusal.detail, file=role, field=refusal.field) from refusal
    return choice


def compute_region_dice(
    reference: NDArray[np.uint8], prediction: NDArray[np.uint8]
) -> dict[str, float | None]:
    """Compute Dice of ET, ED and NCR; None where both label maps lack the region."""
    confusion = confusion_matrix(reference, prediction)
    return {region: dice(confusion, labels) for region, labels in REGION_LABELS.items()}


def _publish_json(
    context: StepContext, name: str, body: Mapping[str, object] | Sequence[object]
) -> None:
    path = context.scratch / name
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
    context.add(name, path)
