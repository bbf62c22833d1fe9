"""The step that brings a twin back to the grid of the mask it was drawn for."""

from __future__ import annotations

import json

from syntrust_core.cases.export import export_images as write_export
from syntrust_core.cases.model import read_case, read_images
from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.case_record import CASE_FILE
from syntrust_core.contracts.job_steps import ExportImages
from syntrust_core.runtime.runner import StepContext, require_message

TWIN_FILE = "twin.json"


def export_images(message: StepMessage, context: StepContext) -> None:
    request = require_message(ExportImages, message)
    folder = context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case))
    case, record = read_case(folder)
    twin = context.fetch(Ref(kind=Kind.SYNTHESISE_CASE, id=request.twin))
    origin = json.loads((twin / TWIN_FILE).read_bytes())
    paths = write_export(
        read_images(twin, case.geometry),
        brain=case.brain,
        geometry=case.geometry,
        uploaded=record.uploaded,
        background=origin["background"],
        folder=context.scratch / "images",
    )
    # The record says what inspection chose, and what of the mask the grid has cut off.
    for path in (*paths.values(), twin / TWIN_FILE, folder / CASE_FILE):
        context.add(path.name, path)
