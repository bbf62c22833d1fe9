"""An end that so few cases do not bound is no bar, moves no axis, and is said in words."""

import math
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np

from syntrust_metrics.figures.curves import Series, describe_intervals, frame_axes
from syntrust_metrics.figures.style import choose_region_look

BOUNDED: dict[str, Any] = {
    "value": 0.3,
    "ci": [0.2, 0.5],
    "scope": "this trained model",
    "seed_sd": None,
    "reason": None,
}
OPEN = BOUNDED | {
    "ci": None,
    "bound": {"low": 0.111},
    "reason": "12 cases give no upper bound",
}


def test_no_axis_follows_an_open_end() -> None:
    figure, (axes, without) = plt.subplots(1, 2)
    look = choose_region_look("NCR")

    frame_axes(axes, [Series("T5", look, [BOUNDED, OPEN])])
    frame_axes(without, [Series("T5", look, [BOUNDED, OPEN | {"bound": {"low": 1e-9}}])])

    assert np.isnan(Series("T5", look, [OPEN]).bars).all()
    assert axes.get_ylim() == without.get_ylim()
    assert math.isfinite(axes.get_ylim()[1])
    plt.close(figure)


def test_the_small_print_says_where_no_bar_is() -> None:
    trust = {"cases": 12, "policy": {"confidence": 0.95}}
    results = cast("Any", {"alphas": [{"trust": trust}]})
    line = Series("T5", choose_region_look("NCR"), [BOUNDED, OPEN])

    assert "No bar where 12 cases give no upper bound." in describe_intervals(results, [line])
