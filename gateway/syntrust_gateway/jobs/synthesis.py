"""`POST /syntheses`: a job draws four modalities for a mask, on the mask's own grid."""

from __future__ import annotations

from syntrust_core.contracts.experiment_steps import InspectCase, SynthesiseCase
from syntrust_core.contracts.job_steps import ExportImages
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import JobKind
from syntrust_gateway.experiments.resolve import resolve_drawing
from syntrust_gateway.experiments.spec import ResolvedGenerator
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.schemas import JobBody, NewSynthesis
from syntrust_gateway.models.planner_view import GeneratorView, find_generator
from syntrust_gateway.uploads import service as uploads

UPLOAD = "/upload"


def create(container: Container, caller: Caller, request: NewSynthesis) -> JobBody:
    """Inspect the mask on the generator's grid, draw, and take the images back to the upload's.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that is not possible.
    InvalidFields
        If the upload is not there, or has not arrived whole.
    """
    generator = find_generator(container, caller, request.generator.model)
    drawing = resolve_drawing(request.generator, generator, container.precisions)
    taken = uploads.take(
        container, caller, {UPLOAD: request.upload}, needs=("seg",), may=("brain",)
    )[UPLOAD]
    steps = _steps(request, taken, generator, drawing)
    shown = {
        "upload": request.upload,
        "scheme": taken.scheme,
        "generator": drawing.model_dump(mode="json", exclude={"twins"}),
        "twin": request.twin,
        "fit": request.fit,
    }
    with container.write.begin() as session:
        job = jobs.add(
            container, session, caller, JobKind.SYNTHESIS, steps, spec=shown, uploads=[taken]
        )
    return jobs.get_state(container, caller, job.id)


def _steps(
    request: NewSynthesis,
    taken: uploads.TakenUpload,
    generator: GeneratorView,
    drawing: ResolvedGenerator,
) -> tuple[InspectCase, SynthesiseCase, ExportImages]:
    # A mask that is resized must be whole. Otherwise the generator's grid is cut out of it.
    grid = "native" if request.fit else (generator.grid or "native")
    inspect = InspectCase(files=dict(taken.files), scheme=taken.scheme, grid=grid, purpose="mask")
    draw = SynthesiseCase(
        case=inspect.step_id,
        generator=drawing.model,
        sampler=drawing.sampler,
        steps=drawing.steps,
        seed=drawing.seed,
        twin=request.twin,
        fit=request.fit,
        precision=drawing.precision,
    )
    return inspect, draw, ExportImages(case=inspect.step_id, twin=draw.step_id)
