"""Every message class by its kind, to read what came over the queue or from the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.experiment_steps import (
    CompareTwin,
    InspectCase,
    PredictCases,
    ScoreCases,
    SynthesiseCase,
    TrainSegmenter,
)
from syntrust_core.contracts.job_steps import (
    ExportBundle,
    ExportImages,
    ImportModel,
    ScoreVolumes,
    SegmentCase,
    TrainGenerator,
)
from syntrust_core.contracts.report import BuildReport, PrintReport
from syntrust_core.contracts.uploads import ReceiveUpload

MESSAGES: Mapping[Kind, type[StepMessage]] = {
    message.KIND: message
    for message in (
        ReceiveUpload,
        InspectCase,
        SynthesiseCase,
        TrainGenerator,
        TrainSegmenter,
        PredictCases,
        ScoreCases,
        CompareTwin,
        BuildReport,
        PrintReport,
        ExportImages,
        SegmentCase,
        ExportBundle,
        ScoreVolumes,
        ImportModel,
    )
}


def parse_message(kind: Kind, data: Mapping[str, Any]) -> StepMessage:
    """Read `data` as the message of this kind."""
    return MESSAGES[kind].model_validate(data)
