"""Answers as a reader of JSON sees them: any key may be asked for, and what it holds is not known.

The types of answers are proved where answers are made; a test says which of them it expects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from syntrust_metrics import trust
from syntrust_metrics.experiment import noise_floor, results, size_effect
from syntrust_metrics.fidelity import summary
from syntrust_metrics.trust.estimation import factor_estimates
from syntrust_metrics.trust.inference import trend

Answer = Callable[..., dict[str, Any]]

score_cases: Final = cast("Callable[..., Any]", trust.score_cases)
compare_with_real: Final = cast("Answer", trust.compare_with_real)
describe_alpha_curve: Final = cast("Answer", trust.describe_alpha_curve)
check_paper_claims: Final = cast("Callable[..., list[dict[str, Any]]]", trust.check_paper_claims)
recommend: Final = cast("Answer", trust.recommend)
list_definitions: Final = cast("Answer", trust.list_definitions)
estimate_factors: Final = cast("Answer", factor_estimates.estimate_factors)
find_lowest: Final = cast("Answer", trend.find_lowest)
decide_trend: Final = cast("Answer", trend.decide_trend)
build_results: Final = cast("Callable[..., Any]", results.build_results)
estimate_noise_floors: Final = cast("Answer", noise_floor.estimate_noise_floors)
average_correlations: Final = cast("Answer", size_effect.average_correlations)
summarise_twins: Final = cast("Answer", summary.summarise_twins)
