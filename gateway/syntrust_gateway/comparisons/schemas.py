"""What `POST /comparisons` takes."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from syntrust_gateway.api.schemas import RequestBody

MAX_EXPERIMENTS: Final = 6


def _require_distinct(found: list[str]) -> list[str]:
    if len(set(found)) < len(found):
        msg = "name each experiment once"
        raise ValueError(msg)
    return found


class ComparisonRequest(RequestBody):
    """Two to six experiments."""

    experiments: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(
            min_length=2,
            max_length=MAX_EXPERIMENTS,
            description="Ids. The others are compared with the first.",
        ),
        AfterValidator(_require_distinct),
    ]
