"""Trust factors T1-T5 of per-case Dice scores, definition `rajababu2025/1`, and what they support.

Loads numpy, scipy.special and the standard library alone, so that a gateway can answer without a
worker.
"""

from syntrust_metrics.trust.answer.definitions import definitions
from syntrust_metrics.trust.inference.alpha_curve import alpha_curve
from syntrust_metrics.trust.inference.claims import paper_claims
from syntrust_metrics.trust.inference.equivalence import versus_real
from syntrust_metrics.trust.request.csv_input import parse_csv
from syntrust_metrics.trust.request.errors import InvalidScores
from syntrust_metrics.trust.request.table import MAX_CASES
from syntrust_metrics.trust.scoring import DEFINITION, score_cases

__all__ = [
    "DEFINITION",
    "MAX_CASES",
    "InvalidScores",
    "alpha_curve",
    "definitions",
    "paper_claims",
    "parse_csv",
    "score_cases",
    "versus_real",
]
