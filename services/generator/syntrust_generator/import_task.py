"""The step that makes an uploaded checkpoint of Med-DDPM a model that can be named."""

from __future__ import annotations

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.job_steps import ImportModel
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_generator.checkpoints.med_ddpm import import_released

GIVEN_BY_CALLER = "named by whoever imported the checkpoint"


def import_model(message: StepMessage, context: StepContext) -> None:
    request = require_message(ImportModel, message)
    path = context.fetch_upload("checkpoint", request.checkpoint, context.scratch / "checkpoint.pt")
    context.report(0, 1)
    seen = None
    if request.seen is not None:
        seen = context.scratch / "seen.txt"
        seen.write_text("\n".join(request.seen), encoding="utf-8")
    paths = import_released(
        path,
        context.scratch / "model",
        name=request.name,
        seen=seen,
        dataset=None if seen is None else GIVEN_BY_CALLER,
    )
    for written in paths.values():
        context.add(written.name, written)
