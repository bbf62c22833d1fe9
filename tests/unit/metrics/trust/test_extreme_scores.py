"""Dice scores at the edge of what floating point can hold are answered, not refused."""

from __future__ import annotations

from syntrust_metrics.trust import score_cases
from syntrust_metrics.trust.estimation.factor_estimates import NO_UPPER_BOUND, _undo_log
from syntrust_metrics.trust.estimation.intervals import Interval


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


def test_an_upper_bound_beyond_every_number_is_none_with_a_reason() -> None:
    assert _undo_log(
        Interval((0.0, 800.0), "this trained model"), lambda bounds: bounds
    ) == Interval(None, None, NO_UPPER_BOUND)
