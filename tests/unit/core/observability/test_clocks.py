"""How a clock is compared with the queue server's, and what is told of one that is off."""

from __future__ import annotations

import time

import pytest
from structlog.testing import capture_logs

from syntrust_core.observability import clocks


class Server:
    """A Redis server whose clock is behind by so much, or that answers late."""

    def __init__(self, behind_s: float) -> None:
        self.behind_s = behind_s

    def time(self) -> tuple[int, int]:
        microseconds = int((time.time() - self.behind_s) * 1e6)
        return divmod(microseconds, 1_000_000)


@pytest.mark.parametrize("ahead_s", [0.0, 1200.0, -1200.0])
def test_a_skew_has_the_sign_of_a_clock_that_is_ahead(ahead_s: float) -> None:
    assert clocks.measure_skew_s(Server(ahead_s)) == pytest.approx(ahead_s, abs=5)


def test_of_an_answer_that_took_long_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter([0.0, 20.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(instants))

    assert clocks.measure_skew_s(Server(0)) is None


def test_a_clock_that_is_off_is_logged_once_and_once_more_when_it_is_right() -> None:
    with capture_logs() as lines:
        for ahead_s in (0.0, -1200.04, -1201.0, None, 0.5, 0.5):
            clocks.note_skew("metrics-north", ahead_s)

    assert [(line["event"], line["process"]) for line in lines] == [
        ("clock.off", "metrics-north"),
        ("clock.right", "metrics-north"),
    ]
    assert lines[0]["ahead_s"] == -1200.0
