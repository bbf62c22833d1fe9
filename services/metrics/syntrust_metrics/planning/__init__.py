"""Plan a study: what test cases and training seeds can show, and how many it takes.

This package loads numpy, scipy.special and `syntrust_metrics.trust`, so that a gateway can answer
without a worker.
"""

from syntrust_metrics.planning.plan import Plan, plan_power
from syntrust_metrics.planning.sources import (
    Source,
    measure_experiment,
    measure_pilot,
    use_given,
    use_published,
)
from syntrust_metrics.planning.spread import Spread, measure_spread

__all__ = [
    "Plan",
    "Source",
    "Spread",
    "measure_experiment",
    "measure_pilot",
    "measure_spread",
    "plan_power",
    "use_given",
    "use_published",
]
