"""Trust factors T1-T5 of per-case Dice scores, definition `rajababu2025/2`, and what they support.

This package loads numpy, scipy.special, typing_extensions and the standard library alone, so that a
gateway can answer without a worker. `page` is not loaded with it and needs Jinja2 too.
"""

from syntrust_metrics.trust.answer.definitions import DEFINITION, list_definitions
from syntrust_metrics.trust.inference.alpha_curve import describe_alpha_curve
from syntrust_metrics.trust.inference.claims import check_paper_claims
from syntrust_metrics.trust.inference.equivalence import compare_with_real
from syntrust_metrics.trust.inference.recommendation import recommend
from syntrust_metrics.trust.request.csv_input import parse_csv
from syntrust_metrics.trust.request.csv_text import decode_table
from syntrust_metrics.trust.request.errors import InvalidScores
from syntrust_metrics.trust.request.table import MAX_CASES
from syntrust_metrics.trust.scoring import score_cases

__all__ = [
    "DEFINITION",
    "MAX_CASES",
    "InvalidScores",
    "check_paper_claims",
    "compare_with_real",
    "decode_table",
    "describe_alpha_curve",
    "list_definitions",
    "parse_csv",
    "recommend",
    "score_cases",
]
