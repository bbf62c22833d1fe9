"""The step that receives uploaded files: each is kept under its digest, or refused with a reason.

A refusal is a result, not a failure, as that of an inspection.
"""

from __future__ import annotations

import json
from functools import partial

from syntrust_core.cases.upload_reader import problem_of
from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.case_record import PROBLEMS_FILE, Problem
from syntrust_core.contracts.uploads import RECEIVED_FILE, ReceiveUpload
from syntrust_core.contracts.vocabulary import ROLES, VOLUME_ROLES
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.header_removal import drop_header_text
from syntrust_core.runtime.received_files import Rewrite
from syntrust_core.runtime.runner import StepContext, require_message


def receive_upload(message: StepMessage, context: StepContext) -> None:
    """Publish which files were received, and `problems.json` if any was refused.

    Volumes are kept without the free text of their headers. Such a file has another digest than
    was announced: `rewritten` tells it, and its size.
    """
    request = require_message(ReceiveUpload, message)
    received: dict[str, str] = {}
    rewritten: dict[str, dict[str, str | int]] = {}
    problems: list[Problem] = []
    for role, upload in sorted(request.files.items()):
        context.report(len(received) + len(problems), len(request.files))
        try:
            kept = context.receive_upload(role, upload, _rewriting(role))
        except InvalidVolume as refusal:
            problems.append(problem_of(refusal))
        else:
            received[role] = kept.sha256
            if kept.sha256 != upload.sha256:
                rewritten[role] = {"bytes": kept.bytes, "sha256": kept.sha256}
    told = {"rewritten": rewritten} if rewritten else {}
    _publish(context, RECEIVED_FILE, {"files": received, **told})
    if problems:
        _publish(context, PROBLEMS_FILE, [problem.model_dump() for problem in problems])


def _rewriting(role: str) -> Rewrite | None:
    """Say what to leave out of the file of a role: a checkpoint is no volume."""
    if role not in {*ROLES, *VOLUME_ROLES}:
        return None
    return partial(drop_header_text, role=role)


def _publish(context: StepContext, name: str, body: object) -> None:
    path = context.scratch / name
    path.write_text(json.dumps(body), encoding="utf-8")
    context.add(name, path)
