"""The rule by which a precision is chosen, on a clock of its own."""

from __future__ import annotations

import pytest

from syntrust_core.precision.printing import show
from syntrust_core.precision.tuning import (
    HOPELESS,
    SHARE,
    Limits,
    Step,
    Timing,
    Tuning,
    Work,
    choose,
    measure,
)


class Machine:
    """Steps that take what they are told to, on a clock that only they move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.done: list[str] = []

    def clock(self) -> float:
        return self.now_s

    def step(self, name: str, *seconds: float) -> Step:
        """A step whose runs take these times, and the last of them from then on."""
        left = list(seconds)

        def run() -> None:
            self.now_s += left.pop(0) if len(left) > 1 else left[0]
            self.done.append(name)

        return run

    def work(self, name: str, **seconds: float) -> Work:
        return Work(
            name,
            {each: self.step(f"{name} {each}", took) for each, took in seconds.items()},
            {each: self.step(f"try {each}", took / 8) for each, took in seconds.items()},
        )


def timing(work: str = "drawing", **seconds: float) -> Timing:
    return Timing(work=work, seconds=seconds, rounds=3)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        (SHARE, "bf16"),
        (SHARE + 1e-9, "fp32"),
        (1.0, "fp32"),
        (1.23, "fp32"),
        (0.5, "bf16"),
    ],
)
def test_bfloat16_is_chosen_at_most_at_95_percent_of_the_time_of_float32(
    seconds: float, chosen: str
) -> None:
    assert choose([timing(fp32=1.0, bf16=seconds)]) == chosen


def test_a_precision_must_be_faster_in_every_work_that_has_it() -> None:
    drawing = timing(fp32=1.0, tf32=0.6, bf16=0.5)

    assert choose([drawing]) == "bf16"
    assert choose([drawing, timing("training", fp32=2.0, bf16=1.0)]) == "bf16"
    assert choose([drawing, timing("training", fp32=2.0, bf16=1.99)]) == "tf32"


def test_of_precisions_that_are_fast_enough_the_fastest_is_chosen() -> None:
    assert choose([timing(fp32=1.0, tf32=0.5, bf16=0.6)]) == "tf32"


@pytest.mark.parametrize(
    ("ratio", "rounds"), [(0.6, 1), (0.75, 1), (0.8, 2), (0.85, 2), (0.9, 3), (1.1, 2), (1.2, 1)]
)
def test_the_clearer_an_answer_is_the_fewer_interleaved_rounds_follow_the_warm_up(
    ratio: float, rounds: int
) -> None:
    machine = Machine()

    (found,) = measure(
        [machine.work("drawing", fp32=0.5, bf16=0.5 * ratio)],
        Limits(rounds=3),
        clock=machine.clock,
    )

    assert found.rounds == rounds
    assert found.ratio("bf16") == pytest.approx(ratio)
    assert [each for each in machine.done if "try" not in each] == [
        "drawing fp32",
        "drawing bf16",
    ] * (rounds + 1)


def test_a_warm_up_that_says_otherwise_takes_more_rounds() -> None:
    machine = Machine()
    steps = {"fp32": machine.step("fp32", 1.0), "bf16": machine.step("bf16", 0.9, 0.5)}
    tries = {name: machine.step("try", 0.1) for name in steps}

    (found,) = measure([Work("drawing", steps, tries)], Limits(rounds=3), clock=machine.clock)

    assert found.rounds == 3


def test_an_answer_that_is_not_clear_takes_every_round_and_the_median() -> None:
    machine = Machine()
    wild = machine.step("bf16", 9.0, 0.8, 0.9, 30.0)
    steps = {"fp32": machine.step("fp32", 9.0, 1.0), "bf16": wild}
    tries = {name: machine.step("try", 0.1) for name in steps}

    (found,) = measure(
        [Work("drawing", steps, tries)], Limits(rounds=3, seconds=1e9), clock=machine.clock
    )

    assert found.rounds == 3
    assert found.seconds == pytest.approx({"fp32": 1.0, "bf16": 0.9})


def test_a_machine_on_which_a_step_takes_long_runs_three_rounds_after_the_warm_up() -> None:
    machine = Machine()

    (found,) = measure([machine.work("drawing", fp32=60.0, bf16=58.0)], clock=machine.clock)

    assert found.rounds == 3
    assert choose([found]) == "fp32"


def test_a_hopeless_precision_is_never_run_at_full_size() -> None:
    machine = Machine()
    work = machine.work("drawing", fp32=1.0, bf16=HOPELESS * 7)

    found = measure([work, machine.work("training", fp32=1.0, bf16=0.1)], clock=machine.clock)

    assert not any("drawing" in each or "training" in each for each in machine.done)
    assert choose(found) == "fp32"


def test_what_a_work_has_ruled_out_is_not_measured_in_the_next() -> None:
    machine = Machine()
    works = [
        machine.work("drawing", fp32=1.0, bf16=1.2),
        machine.work("training", fp32=1, bf16=0.1),
    ]

    found = measure(works, clock=machine.clock)

    assert len(found) == 1
    assert choose(found) == "fp32"


def test_the_line_of_an_env_file_stands_alone() -> None:
    tuning = Tuning(
        setting="SYNTRUST_GATEWAY__GENERATOR_PRECISION",
        precision="bf16",
        timings=(timing(fp32=1.0, bf16=0.5),),
        threads=2,
        device="cpu",
    )

    assert show(tuning, "env") == "SYNTRUST_GATEWAY__GENERATOR_PRECISION=bf16"
    assert Tuning.model_validate_json(show(tuning, "json")) == tuning
    assert "fp32 1.000 s, bf16 0.500 s (0.50)" in show(tuning)
