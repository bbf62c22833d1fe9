"""The steps of one message: one after the other, and when the rest is left to the orchestrator."""

from __future__ import annotations

import math
from collections.abc import Callable

from syntrust_core.runtime.runner import Outcome, run_each


def attempting(outcomes: dict[str, Outcome], tried: list[str]) -> Callable[[str], Outcome]:
    def attempt(step: str) -> Outcome:
        tried.append(step)
        return outcomes.get(step, Outcome.DONE)

    return attempt


def test_every_step_is_attempted_in_order_however_those_before_it_ended() -> None:
    tried: list[str] = []
    outcomes = {
        "a": Outcome.FAILED,
        "b": Outcome.CANCELLED,
        "c": Outcome.HELD_ELSEWHERE,
        "d": Outcome.ALREADY_DONE,
        "e": Outcome.GIVEN_BACK,
    }

    last = run_each("abcdef", attempting(outcomes, tried))

    assert tried == list("abcdef")
    assert last is Outcome.DONE


def test_a_broken_process_attempts_no_further_step() -> None:
    tried: list[str] = []

    last = run_each("abc", attempting({"b": Outcome.BROKEN}, tried))

    assert tried == ["a", "b"]
    assert last is Outcome.BROKEN


def test_what_is_left_of_a_message_after_half_a_minute_is_not_begun() -> None:
    tried: list[str] = []

    run_each("abc", attempting({}, tried), now_s=iter([0.0, 29.0, 31.0]).__next__)

    assert tried == ["a", "b"]


def test_a_single_step_is_attempted_however_late_it_is() -> None:
    tried: list[str] = []

    run_each("a", attempting({}, tried), now_s=iter([0.0, math.inf]).__next__)

    assert tried == ["a"]
