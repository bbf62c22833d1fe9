"""The step that receives uploaded files: each is kept under its digest, or refused with a reason.

A refusal is a result, not a failure, as that of an inspection.
"""

from __future__ import annotations

import json

from syntrust_core.cases.upload_reader import problem_of
from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.case_record import PROBLEMS_FILE, Problem
from syntrust_core.contracts.uploads import RECEIVED_FILE, ReceiveUpload
from syntrust_core.errors import InvalidVolume
from syntrust_core.runtime.runner import StepContext, require_message


def receive_upload(message: StepMessage, context: StepContext) -> None:
    """Publish which files were received, and `problems.json` if any was refused."""
    request = require_message(ReceiveUpload, message)
    received: dict[str, str] = {}
    problems: list[Problem] = []
    for role, upload in sorted(request.files.items()):
        context.report(len(received) + len(problems), len(request.files))
        try:
            context.receive_upload(role, upload)
        except InvalidVolume as refusal:
            problems.append(problem_of(refusal))
        else:
            received[role] = upload.sha256
    _publish(context, RECEIVED_FILE, {"files": received})
    if problems:
        _publish(context, PROBLEMS_FILE, [problem.model_dump() for problem in problems])


def _publish(context: StepContext, name: str, body: object) -> None:
    path = context.scratch / name
    path.write_text(json.dumps(body), encoding="utf-8")
    context.add(name, path)
