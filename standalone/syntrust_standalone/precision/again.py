"""`syntrust-standalone tune`: measure anew, beside what the folder keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from syntrust_core.contracts.base import Queue
from syntrust_core.precision.printing import show_table
from syntrust_core.precision.tuning import Tuning
from syntrust_standalone.data_folder import DataFolder
from syntrust_standalone.precision.choices import SETTINGS, keep, read_choices
from syntrust_standalone.precision.measuring import measure
from syntrust_standalone.servers import Program


def measure_again(
    folder: DataFolder, tuner: Callable[[Queue], Program], *, keep_choice: bool
) -> Iterator[str]:
    """Measure each worker's precision, and say what was found and what is kept.

    `tuner` gives the program that measures the workers of a queue.

    Raises
    ------
    Unavailable
        Something could not be measured.
    """
    for queue in SETTINGS:
        program = tuner(queue)
        found = asyncio.run(measure(program, folder.log_file(program.name)))
        yield f"{queue}: {show_table(found)}"
        yield _conclude(folder, queue, found, keep_choice=keep_choice)


def _conclude(folder: DataFolder, queue: Queue, found: Tuning, *, keep_choice: bool) -> str:
    stored = read_choices(folder).of(queue)
    before = "nothing" if stored is None else stored.precision
    if keep_choice:
        keep(folder, queue, found)
        return f"{folder.root} keeps {found.precision} from now on; before: {before}."
    return f"{folder.root} keeps {before}; --keep would make it {found.precision}."
