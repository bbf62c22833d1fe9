"""Compute the answer of `POST /comparisons`.

A process of its own runs this (`trust_score.scorer`), so it imports nothing of the API.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from pydantic_core import to_json

from syntrust_gateway.trust_score.pipe import JSON, Answer
from syntrust_metrics.comparison import Compared, compare_experiments

COMPARE: Final = f"{__name__}:answer_comparison"


def answer_comparison(parts: Sequence[bytes]) -> Answer:
    """Compare experiments: the first part describes them, each other one holds results."""
    described, *results = map(json.loads, parts)
    pairs = zip(described, results, strict=True)
    found = compare_experiments([Compared(**each, results=own) for each, own in pairs])
    return Answer(to_json(found), JSON)
