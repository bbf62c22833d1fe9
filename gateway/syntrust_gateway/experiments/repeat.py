"""Ask again for what an experiment was: the `spec` of an answer is a request, too."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, Tag, ValidationError

from syntrust_core.errors import InvalidRequest
from syntrust_core.field_errors import describe_field
from syntrust_gateway.api.patterns import PATTERNS
from syntrust_gateway.api.schemas import Tags, Text
from syntrust_gateway.datasets.planner_view import DatasetView
from syntrust_gateway.errors import FieldError, InvalidFields, pointer
from syntrust_gateway.experiments.spec import ExperimentSpec, ResolvedSpec
from syntrust_gateway.runs.schemas import Priority

_SAME: Final = ("sampler", "steps", "seed", "twins")
_PLACES: Final = {
    "/generator/model": "/generator/model/id",
    "/segmenter/start": "/segmenter/start/model/id",
}
_PARTS: Final = ("train", "test", "validation")


class RepeatedSpec(ResolvedSpec):
    """The `spec` of an experiment as it was answered. It asks for the very same steps.

    A name, tags and a priority may be added. `seen`, `origin` and the names of models are told, not
    asked.
    """

    name: Text | None = None
    tags: Tags = Field(default=[])
    priority: Priority = 0


def _which(body: Any) -> str:  # noqa: ANN401 - any JSON value, or a model
    is_answer = isinstance(body, RepeatedSpec) or (
        isinstance(body, dict) and "dataset_digest" in body
    )
    return "answer" if is_answer else "request"


ExperimentRequest = Annotated[
    Annotated[ExperimentSpec, Tag("request")] | Annotated[RepeatedSpec, Tag("answer")],
    Discriminator(_which),
]
"""The body of `POST /experiments`: choices, or all of them as an earlier answer wrote them out."""


def as_request(body: ExperimentSpec | RepeatedSpec) -> ExperimentSpec:
    """Give the request that a body is.

    Raises
    ------
    InvalidFields
        If a field is out of range, with its place in the body.
    """
    if isinstance(body, ExperimentSpec):
        return body
    told = body.model_dump(mode="json")
    try:
        return ExperimentSpec.model_validate(_asked(body, told))
    except ValidationError as error:
        found = error.errors(include_url=False)
        fields = [
            FieldError(pointer(*_unsplit(each["loc"])), describe_field(each, PATTERNS))
            for each in found
        ]
        raise InvalidFields(f"{fields[0].pointer}: {fields[0].detail}", fields) from error


def _asked(body: RepeatedSpec, told: dict[str, Any]) -> dict[str, Any]:
    generator, segmenter = told["generator"], told["segmenter"]
    start = body.segmenter.start
    return {
        **{name: told[name] for name in ("dataset", "seeds", "mixing", "name", "tags", "priority")},
        "controls": told.get("controls", ()),
        "alphas": [_number(alpha) for alpha in told["alphas"]],
        "split": {part: told[part] for part in _PARTS},
        "generator": {
            "model": body.generator.model.id,
            "precision": body.generator.precision,
            **{name: generator[name] for name in _SAME},
        },
        "segmenter": {**segmenter, "start": None if start is None else start.model.id},
    }


def _number(text: str) -> float | str:
    """Read an α of an answer; what is none is refused with its place."""
    try:
        return float(text)
    except ValueError:
        return text


def _unsplit(location: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(token for token in location if token not in {"split", "ExplicitSplit"})


def require_same(body: ExperimentSpec | RepeatedSpec, dataset: DatasetView) -> None:
    """Refuse to repeat an experiment on other contents than it had."""
    if isinstance(body, RepeatedSpec) and body.dataset_digest != dataset.digest:
        raise InvalidRequest(
            "The dataset has another content than this spec was made for.",
            pointer="/dataset_digest",
        )


def located(error: InvalidRequest, body: ExperimentSpec | RepeatedSpec) -> InvalidRequest:
    """Say of a refused field where it is in the body that was sent."""
    if not isinstance(body, RepeatedSpec):
        return error
    at = _PLACES.get(error.pointer, error.pointer.removeprefix("/split"))
    return InvalidRequest(error.detail, pointer=at, **error.context)
