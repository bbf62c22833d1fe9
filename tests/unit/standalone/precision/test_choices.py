"""A data folder keeps the precision that it was begun with, until its operator changes it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from syntrust_core.contracts.base import Queue
from syntrust_core.errors import InvalidRequest, Unavailable
from syntrust_core.precision.tuning import Timing, Tuning
from syntrust_standalone.data_folder import Credentials, DataFolder, Ports
from syntrust_standalone.precision.again import measure_again
from syntrust_standalone.precision.choices import (
    SETTINGS,
    describe,
    give_up,
    keep,
    list_unchosen,
    list_variables,
    read_choices,
)
from syntrust_standalone.precision.measuring import measure
from syntrust_standalone.servers import Program, WeedPorts
from syntrust_standalone.stack import Stack

GENERATOR, SEGMENTER = SETTINGS.values()
PORTS = Ports(gateway=8123, redis=1, postgres=2, weed=WeedPorts(3, 4, 5, 6, 7))


def tuning(queue: Queue, precision: str, ratio: float = 0.6) -> Tuning:
    names = {Queue.GENERATOR: ("fp32", "bf16"), Queue.SEGMENTER: ("float32", "bfloat16")}
    seconds = dict(zip(names[queue], (1.0, ratio), strict=True))
    timing = Timing(work="a step", seconds=seconds, rounds=2)
    return Tuning(
        setting=SETTINGS[queue], precision=precision, timings=(timing,), threads=2, device="cpu"
    )


class AnsweringStack(Stack):
    """A stack whose `tune` commands say what they are told to."""

    answers: Mapping[Queue, Tuning]

    def tuner(self, queue: Queue) -> Program:
        answer = self.answers[queue].model_dump_json()
        program = f"print('a warning of a library'); print({answer!r})"
        return replace(super().tuner(queue), argv=(sys.executable, "-c", program))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def stack(folder: DataFolder) -> AnsweringStack:
    folder.root.mkdir()
    stack = AnsweringStack(folder, Credentials.new(), PORTS)
    answers = {
        Queue.GENERATOR: tuning(Queue.GENERATOR, "bf16"),
        Queue.SEGMENTER: tuning(Queue.SEGMENTER, "bfloat16"),
    }
    object.__setattr__(stack, "answers", answers)
    return stack


def gateway_settings(stack: Stack) -> dict[str, str]:
    """The precisions that the programs of the gateway are started with."""
    found = [
        {name: value for name, value in program.env.items() if name in SETTINGS.values()}
        for program in stack.gateway()
    ]
    assert found[0] == found[1]
    return found[0]


def test_a_new_folder_has_both_to_be_measured_and_then_none(folder: DataFolder) -> None:
    folder.root.mkdir()
    assert list_unchosen(folder, {}) == [Queue.GENERATOR, Queue.SEGMENTER]

    for queue in list_unchosen(folder, {}):
        keep(folder, queue, tuning(queue, "fp32" if queue is Queue.GENERATOR else "float32"))

    assert list_unchosen(folder, {}) == []
    assert folder.precision_file.stat().st_mode & 0o777 == 0o600


def test_what_is_kept_reaches_the_gateway_and_no_worker(stack: AnsweringStack) -> None:
    assert gateway_settings(stack) == {}

    keep(stack.folder, Queue.GENERATOR, tuning(Queue.GENERATOR, "bf16"))

    assert gateway_settings(stack) == {GENERATOR: "bf16"}
    assert not any(set(SETTINGS.values()) & set(worker.env) for worker in stack.workers())


def test_the_stored_choice_wins_over_another_answer_until_the_operator_keeps_that(
    stack: AnsweringStack,
) -> None:
    keep(stack.folder, Queue.GENERATOR, tuning(Queue.GENERATOR, "fp32", ratio=1.2))
    keep(stack.folder, Queue.SEGMENTER, tuning(Queue.SEGMENTER, "float32", ratio=1.2))
    before = stack.folder.precision_file.read_bytes()

    told = list(measure_again(stack.folder, stack.tuner, keep_choice=False))

    assert stack.folder.precision_file.read_bytes() == before
    assert gateway_settings(stack) == {GENERATOR: "fp32", SEGMENTER: "float32"}
    assert told[1] == f"{stack.folder.root} keeps fp32; --keep would make it bf16."

    told = list(measure_again(stack.folder, stack.tuner, keep_choice=True))

    assert gateway_settings(stack) == {GENERATOR: "bf16", SEGMENTER: "bfloat16"}
    assert told[3] == f"{stack.folder.root} keeps bfloat16 from now on; before: float32."


def test_what_the_operator_sets_comes_before_what_is_kept_and_needs_no_measuring(
    folder: DataFolder,
) -> None:
    folder.root.mkdir()
    preset = {GENERATOR: "bf16"}
    assert list_unchosen(folder, preset) == [Queue.SEGMENTER]

    keep(folder, Queue.GENERATOR, tuning(Queue.GENERATOR, "fp32"))
    keep(folder, Queue.SEGMENTER, tuning(Queue.SEGMENTER, "float32"))

    assert list_variables(folder, preset) == {SEGMENTER: "float32"}
    assert describe(folder, preset) == (
        "precision: generator bf16 (as the environment says), "
        "segmenter float32 (bfloat16 takes 0.60 of float32's time)"
    )


def test_what_cannot_be_measured_is_float32_and_is_kept_too(folder: DataFolder) -> None:
    folder.root.mkdir()

    chosen, sentence = give_up(Queue.SEGMENTER, "it broke.")
    keep(folder, Queue.SEGMENTER, chosen)

    assert sentence == (
        "The segmenter's precision could not be measured, so it is float32: it broke."
    )
    assert list_variables(folder, {}) == {SEGMENTER: "float32"}
    assert list_unchosen(folder, {}) == [Queue.GENERATOR]


def test_a_damaged_file_is_refused_by_its_name(folder: DataFolder) -> None:
    folder.root.mkdir()
    folder.precision_file.write_text(json.dumps({"generator": {"precision": "bf16"}}))

    with pytest.raises(InvalidRequest, match=r"precision\.json is damaged"):
        read_choices(folder)


def test_a_tune_command_that_fails_says_why(tmp_path: Path) -> None:
    program = Program(
        "tune-generator", (sys.executable, "-c", "raise SystemExit('no torch here')"), tmp_path
    )

    with pytest.raises(Unavailable, match="no torch here"):
        asyncio.run(measure(program, tmp_path / "tune.log"))
