"""One small real experiment, disturbed: faults strike it, and it must end as if none had."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.chaos.faults import Fault, strike
from tests.chaos.platform import Database, Platform, wait_until

from syntrust.bodies import GridSpec
from syntrust.client import Client
from syntrust.errors import SynTrustError
from syntrust_core.contracts.base import Manifest
from syntrust_core.errors import PlatformError

ALPHAS: Final = (0.0, 1.0)
GRID: Final[GridSpec] = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
SMALLEST: Final[dict[str, Any]] = {
    "split": {"seed": 0, "test_fraction": 0.5, "validation_fraction": 0},
    "generator": {"steps": 2},
    "segmenter": {"iterations": 12},
}
FIRST_S, PAUSE_S = 3.0, 5.0
_ENDED: Final = {"succeeded", "failed", "cancelled"}


@dataclass
class Outcome:
    """What came of one disturbed experiment: recovery by fault, and what was wrong."""

    digest: str | None = None
    recoveries_s: list[tuple[Fault, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Trial:
    """An experiment on a platform of its own."""

    def __init__(self, folder: Path, database: Database, cohort: Path) -> None:
        self.platform = Platform(folder / "data", database)
        self._cohort = cohort
        self._outcome = Outcome()
        self._acknowledged: list[str] = []
        self._published: dict[str, str] = {}
        self._damaged: set[str] = set()

    def run(self, faults: Iterable[Fault], chance: random.Random) -> Outcome:
        """Run it to its end while `faults` strike, and stop the platform."""
        with self._stopped_at_the_end():
            experiment = self._begin()
            for fault in faults:
                time.sleep(chance.uniform(0, PAUSE_S))
                if self._state(experiment)["state"] in _ENDED:
                    break
                self._disturb(experiment, fault, chance)
            wait_until(lambda: self._state(experiment)["state"] in _ENDED)
            self._conclude(experiment)
        return self._outcome

    @contextmanager
    def _stopped_at_the_end(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.platform.stop()
            left = self.platform.processes()
            self._outcome.wrong += [f"process {orphan.pid} was left" for orphan in left]

    def _begin(self) -> str:
        with self.platform.client() as client:
            dataset = client.datasets.create("chaos", grid=GRID)["id"]
            for case in sorted(self._cohort.glob("phantom-*")):
                client.datasets.add_case(dataset, case)
            client.datasets.commit(dataset)
            client.datasets.wait(dataset, timeout_s=FIRST_S * 60)
            return client.experiments.create(dataset, ALPHAS, **SMALLEST)["id"]

    def _disturb(self, experiment: str, fault: Fault, chance: random.Random) -> None:
        before = self._progress(experiment)
        started = time.monotonic()
        if damaged := strike(self.platform, fault, chance):
            # A step whose file is damaged is made anew: it alone may be published once more.
            step = damaged.rsplit("/", 2)[0]
            self._damaged.add(f"{step}/manifest.json")
        self._acknowledge()
        try:
            wait_until(lambda: self._is_back(experiment, before))
        except TimeoutError as error:
            error.add_note(f"The fault was: {fault}.")
            raise
        self._outcome.recoveries_s.append((fault, round(time.monotonic() - started, 1)))

    def _is_back(self, experiment: str, before: object) -> bool:
        """Tell whether all parts answer and the experiment has moved or ended."""
        self._look_at_published()
        now = self._progress(experiment)
        moved = now != before or self._state(experiment)["state"] in _ENDED
        return moved and self.platform.is_healthy()

    def _acknowledge(self) -> None:
        """Ask for something small. What is acknowledged now must still be there at the end."""
        with suppress(SynTrustError), self.platform.client() as client:
            self._acknowledged.append(client.datasets.create("acknowledged")["id"])

    def _state(self, experiment: str) -> dict[str, Any]:
        return dict(self._ask(lambda client: client.experiments.get(experiment)))

    def _progress(self, experiment: str) -> object:
        state = self._state(experiment)
        return state["steps"]["done"], [step["progress"] for step in state["running"]]

    def _ask(self, question: Any) -> Any:
        """Ask the API until it answers: it may be away at this moment."""
        found: list[Any] = []

        def answered() -> bool:
            with suppress(SynTrustError, OSError), self.platform.client() as client:
                found.append(question(client))
            return bool(found)

        wait_until(answered)
        return found[0]

    def _look_at_published(self) -> None:
        """Remember who has published each step; nobody else may do so later."""
        with suppress(PlatformError, IndexError):
            store = self.platform.store()
            for item in list(store.list("artifacts/")):
                if item.key.endswith("/manifest.json"):
                    manifest = Manifest.model_validate_json(store.get(item.key))
                    self._published.setdefault(item.key, manifest.attempt)

    def _conclude(self, experiment: str) -> None:
        state = self._state(experiment)
        if state["state"] != "succeeded":
            self._outcome.wrong.append(f"the experiment {state['state']}: {state['error']}")
            return
        results = self._ask(lambda client: client.experiments.results(experiment))
        self._outcome.digest = results["digest"]
        self._check_published()
        self._outcome.wrong += [f"dataset {lost} was lost" for lost in self._lost()]

    def _check_published(self) -> None:
        before = dict(self._published)
        self._published = {}
        self._look_at_published()
        for key, attempt in before.items():
            if self._published.get(key) != attempt and key not in self._damaged:
                self._outcome.wrong.append(f"{key} was published twice")

    def _lost(self) -> list[str]:
        known = {item["id"] for item in self._ask(_list_datasets)}
        return [dataset for dataset in self._acknowledged if dataset not in known]


def _list_datasets(client: Client) -> list[Any]:
    return list(client.datasets.list())
