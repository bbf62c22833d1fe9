"""The learning rate of each iteration."""

from __future__ import annotations

import pytest

from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.training.loop import compute_learning_rate


def test_the_learning_rate_warms_up_and_falls_along_half_a_cosine() -> None:
    config = configure("tiny", {"learning_rate": 1.0, "warmup": 0.1})

    rates = [compute_learning_rate(config, i, 100) for i in range(100)]

    assert rates[10] == max(rates) == 1.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001
