"""Disturbed experiments, one after another, on one cohort of phantoms."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.faults import Fault
from tests.chaos.platform import Database
from tests.chaos.trial import Outcome, Trial

from syntrust_standalone.phantoms import PhantomOptions, make_cohort

CASES: Final = 4


class Series:
    """Each experiment has a new platform of its own."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder, self._chance = folder, chance
        self._cohort = folder / "cohort"
        make_cohort(self._cohort, seed=3, count=CASES, options=PhantomOptions.demo())

    def disturb(self, database: Database, faults: Sequence[Fault]) -> Outcome:
        """Run one experiment while `faults` strike. What it leaves is removed if all was well."""
        place = Path(tempfile.mkdtemp(prefix="syntrust-trial-"))
        try:
            outcome = Trial(place, database, self._cohort).run(faults, self._chance)
        except Exception as error:
            error.add_note(f"Its data and logs are in {place}.")
            raise
        if outcome.wrong:
            outcome.wrong.append(f"its data and logs are in {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)
        return outcome
