"""Run the `tune` command of a worker's package, and read its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from syntrust_core.errors import Unavailable
from syntrust_core.precision.tuning import Tuning
from syntrust_standalone.managed_process import run_once
from syntrust_standalone.servers import Program, read_log_end

LIMIT_S: Final = 180.0  # a machine that is busy with other work needs a minute to load torch


async def measure(
    program: Program, log: Path, on_start: Callable[[int], None] = lambda _: None
) -> Tuning:
    """Measure; `on_start` gets the process. Nothing else should run on the machine meanwhile.

    Raises
    ------
    Unavailable
        The command failed, or took too long; the sentence contains the end of its log.
    """
    try:
        code = await asyncio.wait_for(run_once(program, log, on_start), LIMIT_S)
    except TimeoutError as error:
        raise Unavailable(f"{program.name} took longer than {LIMIT_S:g} s.") from error
    if code != 0:
        raise Unavailable(f"{program.name} failed. The end of {log}:\n{read_log_end(log)}")
    return _read_answer(log)


def _read_answer(log: Path) -> Tuning:
    """Read the last line that is an answer: warnings of libraries may stand beside it."""
    answers = [line for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    return Tuning.model_validate_json(answers[-1])
