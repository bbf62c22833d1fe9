"""Walks that begin at a route of the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.databases import SqliteFiles
from tests.unit.gateway.conftest import CARD, Api
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness
from tools.walks.recorder import Passed, Walk, watching

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.runtime.queue import Submission
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.testing import MemoryQueue
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Role
from syntrust_gateway.trust_score.service import ScorerPool

CASES: Final = 20


class _Goal(MemoryQueue):
    """The queue at which a walk ends."""

    walk: Walk | None = None

    def submit_all(self, bundles: Sequence[Sequence[Submission]]) -> None:
        if self.walk is not None:
            self.walk.ended = True
        super().submit_all(bundles)


def experiment_to_message(folder: Path) -> list[Passed]:
    """Ask for an experiment, and let the orchestrator hand out its first step."""
    harness = OrchestratorHarness(folder, SqliteFiles(folder).hand_out(folder, 0))
    dataset = harness.dataset()
    harness.drain()
    _publish_generator(harness, folder)
    api = _api(_container(harness), ScorerPool())
    goal = harness.queue = _Goal()
    harness.restart()
    with watching() as walk:
        goal.walk = walk
        answer = api.post("/experiments", json={"dataset": dataset, "alphas": [0, 1]})
        harness.tick()
    assert answer.status_code == 202, answer.text
    assert walk.ended, "no step was handed out"
    return walk.files()


def dice_to_answer(folder: Path) -> list[Passed]:
    """Send Dice scores, and read the trust factors."""
    container = _container(OrchestratorHarness(folder, SqliteFiles(folder).hand_out(folder, 0)))
    scorers = ScorerPool()
    api = _api(container, scorers)
    cases = [{"id": f"case-{i}", "real": _dice(i), "synthetic": _dice(7 * i)} for i in range(CASES)]
    with watching() as walk, closing(scorers):
        answer = api.post("/trust-score", json={"cases": cases})
    assert answer.status_code == 200, answer.text
    return walk.files()


def _container(harness: OrchestratorHarness) -> Container:
    return Container(
        write=harness.write, read=harness.read, store=harness.store, coordinator=harness.coordinator
    )


def _api(container: Container, scorers: ScorerPool) -> Api:
    with container.write.begin() as session:
        key = create_client(session, "walker", Role.ADMIN)
    return Api(create_app(container, scorers), key)


def _publish_generator(harness: OrchestratorHarness, folder: Path) -> None:
    card = folder / "card.json"
    card.write_text(json.dumps(CARD))
    model = Ref(kind=Kind.IMPORTED_MODEL, id="9" * 64)
    publish_imported(harness.store, model, {card.name: card})
    entry = {"id": model.id, "kind": "generator"}
    harness.store.put("models/names/tiny.json", json.dumps(entry).encode())


def _dice(index: int) -> dict[str, float]:
    return {"ET": 0.7 + 0.01 * (index % CASES), "ED": 0.8 + 0.01 * (index % 11)}
