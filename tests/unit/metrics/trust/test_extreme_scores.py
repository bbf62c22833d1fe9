"""Dice scores at the edge of what floating point can hold are answered, not refused."""

from __future__ import annotations

import math

from syntrust_metrics.trust import score_cases
from syntrust_metrics.trust.estimation.intervals import Interval
from syntrust_metrics.trust.estimation.open_ends import Ends, Limits, bound_ends
from syntrust_metrics.trust.estimation.seeds import SeedSpread


def test_a_spread_too_small_to_square_has_an_interval() -> None:
    tiny = 1e-160
    cases = [
        {"id": f"c{n}", "real": {"ET": 0.0}, "synthetic": {"ET": tiny * (n % 3)}, "seed": seed}
        for seed in (0, 1)
        for n in range(12)
    ]
    cases[0]["synthetic"] = {"ET": 5 * tiny}

    answer = score_cases({"cases": cases, "policy": {"resamples": 100}})

    assert answer["factors"]["t4"]["ET"]["ci"] is not None


def test_an_upper_bound_beyond_every_number_is_open() -> None:
    interval = Interval((0.1, math.inf), logarithmic=True)
    limits = Limits(0.0, math.sqrt(11), "high")

    found = bound_ends(interval, 0.4, SeedSpread(1, 0.0), limits, cases=12)

    assert found == Ends(None, {"low": 0.1}, "12 cases give no upper bound")
