from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from syntrust_metrics.trust import definitions

router = APIRouter(tags=["trust score"])


@router.get("/trust-factors", summary="What the trust factors are, as data")
def trust_factors() -> dict[str, Any]:
    """Formula, range, direction, when undefined, and citation of everything in an answer.

    Of the factors, of what to read beside them, of equivalence and of the score, with the default
    policy and the limits of a request.
    """
    return definitions()
