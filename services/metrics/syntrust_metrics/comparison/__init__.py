"""Compare experiments: settings, factors side by side, and paired differences."""

from syntrust_metrics.comparison.compare import Compared, compare_experiments

__all__ = ["Compared", "compare_experiments"]
