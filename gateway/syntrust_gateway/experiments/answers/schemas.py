"""The body of `GET /experiments/{id}/results`: what the report step wrote, and where it came from.

For routes alone: it loads the trust factors, which the orchestrator does not need.
"""

from __future__ import annotations

from typing import Annotated, Any

from typing_extensions import TypedDict

from syntrust_core.contracts.base import Kind, StepError
from syntrust_gateway.api.described import described_by
from syntrust_gateway.experiments.spec import ResolvedSpec
from syntrust_metrics.experiment.schema import PartialResults, Results


class ExperimentRow(TypedDict):
    """The experiment as it was asked for."""

    id: str
    """Its id."""

    name: str | None
    """The name that it was given."""

    created: str
    """When it was asked for, as ISO 8601."""

    finished: str | None
    """When it ended, as ISO 8601."""


class AttemptRecord(TypedDict):
    """One attempt to compute a step."""

    attempt: str
    """Id of the attempt."""

    host: str
    """The machine that made it."""

    started: str
    """When it began, as ISO 8601."""

    error: Annotated[dict[str, Any] | None, described_by(StepError, nullable=True)]
    """How it failed; null where it did not."""


class StepRecord(TypedDict):
    """Where and when one step was computed."""

    step: str
    """Id of the step: the SHA-256 of its request."""

    kind: Kind
    """What it computes."""

    attempt: str | None
    """The attempt whose files were published."""

    host: str | None
    """The machine that computed it."""

    started: str | None
    """When that began, as ISO 8601."""

    seconds: float | None
    """How long it took."""

    versions: dict[str, str]
    """Versions of the packages that computed it."""

    attempts: list[AttemptRecord]
    """Every attempt, in order."""


class PlatformVersions(TypedDict):
    """Versions of what answered."""

    syntrust: str
    """Of the gateway."""

    python: str
    """Of Python."""


class Provenance(TypedDict):
    """Where the results came from. No digest covers it."""

    experiment: ExperimentRow
    """The experiment as it was asked for."""

    dataset: str
    """Id of the dataset."""

    spec: Annotated[dict[str, Any], described_by(ResolvedSpec)]
    """The request with every default and choice written out."""

    steps: list[StepRecord]
    """Every step, in order."""

    recipes: dict[Kind, int]
    """Version of the recipe of each kind of step."""

    versions: PlatformVersions
    """Versions of what answered."""


class PartialExperimentResults(PartialResults):
    """What is there of an experiment of which steps have failed, and where it came from."""

    experiment: str
    """Id of the experiment."""

    provenance: Provenance
    """Where the results came from."""


class ExperimentResults(Results):
    """The results of an experiment and where they came from."""

    experiment: str
    """Id of the experiment."""

    provenance: Provenance
    """Where the results came from."""
