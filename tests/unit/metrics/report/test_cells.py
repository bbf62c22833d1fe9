"""Cells say an interval, its one bounded end, or why there is neither."""

from typing import Any

import pytest

from syntrust_metrics.report.cells import describe_interval


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ci": [0.1114, 0.5]}, "0.111 to 0.500"),
        (
            {"bound": {"low": 0.1114}, "reason": "12 cases give no upper bound"},
            "at least 0.111; 12 cases give no upper bound",
        ),
        (
            {"bound": {"high": 0.9}, "reason": "3 trainings give no lower bound"},
            "at most 0.900; 3 trainings give no lower bound",
        ),
        ({"reason": "fewer than 10 cases"}, "no interval"),
        ({"reason": "12 cases give no bound"}, "no interval: 12 cases give no bound"),
    ],
)
def test_an_end_that_is_not_bounded_is_said_in_words(changes: dict[str, Any], text: str) -> None:
    estimate = {"value": 0.4, "ci": None, "reason": None, **changes}

    assert describe_interval(estimate) == text
