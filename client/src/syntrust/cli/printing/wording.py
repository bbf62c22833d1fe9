"""What a terminal calls the images that no generator drew: phantoms are no real ones."""

from __future__ import annotations

from typing import Final

from syntrust.api_types import ComparisonAnswer
from syntrust.bodies import AnyResults

REAL: Final = "real"
REFERENCE: Final = "reference"


def name_originals(results: AnyResults) -> str:
    """Name the images of the experiment's cases: `real` of patients, else `reference`.

    Experiments of earlier releases do not say where their cases come from.
    """
    return REAL if results["provenance"]["spec"].get("origin") == "patients" else REFERENCE


def name_compared(answer: ComparisonAnswer) -> str:
    """Name the images of all compared experiments: `real` if every one is of patients."""
    origins = {each["origin"] for each in answer["experiments"]}
    return REAL if origins == {"patients"} else REFERENCE
