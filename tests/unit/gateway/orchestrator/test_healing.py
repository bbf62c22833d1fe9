"""An artifact that is gone or damaged is computed again, and the run ends as if nothing was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import cycle
from typing import Final

import pytest
from sqlalchemy import select
from tests.unit.gateway.orchestrator_harness import MODEL, OrchestratorHarness, compute

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.db.tables import RunState, Step, StepState
from syntrust_gateway.lifecycle.integrity import find_loss
from syntrust_gateway.orchestrator.damage import MOST_DAMAGED
from syntrust_gateway.orchestrator.healing.heal import heal

pytestmark = pytest.mark.any_database

Harm = Callable[[MemoryStore, Ref], None]


def flip_a_byte(store: MemoryStore, ref: Ref) -> None:
    key = _first_file(store, ref)
    content = store.get(key)
    store.put(key, bytes([content[0] ^ 1]) + content[1:])


def delete_a_file(store: MemoryStore, ref: Ref) -> None:
    store.delete(_first_file(store, ref))


def delete_the_manifest(store: MemoryStore, ref: Ref) -> None:
    store.delete(ref.manifest_key)


def spoil_the_manifest(store: MemoryStore, ref: Ref) -> None:
    store.put(ref.manifest_key, b"garbage")


def _first_file(store: MemoryStore, ref: Ref) -> str:
    manifest = Manifest.model_validate_json(store.get(ref.manifest_key))
    return min(info.key for info in manifest.files.values())


HARMS: Final = (flip_a_byte, delete_a_file, delete_the_manifest, spoil_the_manifest)
READ: Final = (
    Kind.INSPECT_CASE,
    Kind.SYNTHESISE_CASE,
    Kind.TRAIN_SEGMENTER,
    Kind.PREDICT_CASES,
    Kind.SCORE_CASES,
)


class Reader:
    """A worker whose steps read all they need; before it reads a `kind` it may do harm to it."""

    def __init__(
        self, store: MemoryStore, kind: Kind | None = None, harm: Harm | None = None
    ) -> None:
        self.store, self.kind, self.harm = store, kind, harm
        self.times, self.harmed = 1, list[Ref]()
        self.harms_others = True

    def __call__(self, message: StepMessage, context: StepContext) -> None:
        if message.KIND is Kind.INSPECT_CASE:
            compute(message, context)
            return
        read = [self._read(ref, context) for ref in message.needs()]
        path = context.scratch / "result"
        path.write_text("".join([message.step_id, *read]))
        context.add("result", path)

    def _read(self, ref: Ref, context: StepContext) -> str:
        is_other = bool(self.harmed) and ref != self.harmed[0]
        is_chosen = ref.kind is self.kind and (self.harms_others or not is_other)
        if is_chosen and self.harm and len(self.harmed) < self.times:
            self.harmed.append(ref)
            self.harm(self.store, ref)
        files = sorted(context.fetch(ref).iterdir())
        return "".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


@pytest.fixture
def uncached(harness: OrchestratorHarness) -> OrchestratorHarness:
    """Workers that keep no copy of what they read."""
    folder = harness.bench.scratch / "uncached"
    harness.bench.cache = InputCache(harness.store, folder, limit_bytes=0)
    return harness


def result_of(harness: OrchestratorHarness, experiment: str) -> bytes:
    with harness.read() as session:
        step = session.get_one(Step, harness.state(experiment).goal)
        manifest = Manifest.model_validate(step.manifest)
    return harness.store.get(manifest.files["result"].key)


def undisturbed(harness: OrchestratorHarness, goal: Step) -> bytes:
    """What the goal gives where nothing is ever lost."""
    with harness.read() as session:
        steps = {step.id: step for step in session.scalars(select(Step))}

    def give(ref_id: str) -> str:
        step = steps.get(ref_id)
        if step is None:
            return hashlib.sha256(b"weights").hexdigest()
        if step.kind == Kind.INSPECT_CASE:
            (info,) = Manifest.model_validate(step.manifest).files.values()
            return info.sha256
        content = "".join([step.id, *(give(need) for _, need in step.needs)])
        return hashlib.sha256(content.encode()).hexdigest() if step.id != goal.id else content

    return give(goal.id).encode()


@pytest.mark.parametrize(("kind", "harm"), [*zip(READ, cycle(HARMS), strict=False)])
def test_an_experiment_ends_the_same_whatever_artifact_is_lost(
    uncached: OrchestratorHarness, ready: str, kind: Kind, harm: Harm
) -> None:
    harness, worker = uncached, Reader(uncached.store, kind, harm)
    experiment = harness.experiment(ready)

    harness.drain(worker)

    assert harness.state(experiment).state is RunState.SUCCEEDED
    assert harness.computed.count(worker.harmed[0].id) + (kind is Kind.INSPECT_CASE) == 2
    with harness.read() as session:
        goal = session.get_one(Step, harness.state(experiment).goal)
    assert result_of(harness, experiment) == undisturbed(harness, goal)


def test_the_step_that_found_a_loss_is_not_blamed_for_it(
    uncached: OrchestratorHarness, ready: str
) -> None:
    harness, worker = uncached, Reader(uncached.store, Kind.SYNTHESISE_CASE, flip_a_byte)
    worker.times = 2
    harness.experiment(ready)

    harness.drain(worker)

    with harness.read() as session:
        steps = session.scalars(select(Step)).all()
    assert {step.state for step in steps} == {StepState.DONE}
    refs = [Ref(kind=Kind(step.kind), id=step.id) for step in steps]
    told = [error.context for ref in refs for error in harness.bench.read_errors(ref)]
    assert {context["artifact"] for context in told} == {ref.id for ref in worker.harmed}
    assert {context["artifact_kind"] for context in told} == {"synthesise_case"}


@pytest.mark.parametrize("harms_others", [True, False])
def test_what_is_lost_again_and_again_fails_the_run_with_the_reason(
    uncached: OrchestratorHarness, ready: str, *, harms_others: bool
) -> None:
    harness, worker = uncached, Reader(uncached.store, Kind.SCORE_CASES, flip_a_byte)
    worker.times, worker.harms_others = 100, harms_others
    experiment = harness.experiment(ready)

    harness.drain(worker)

    run = harness.state(experiment)
    assert (run.state, run.partial) == (RunState.FAILED, not harms_others)
    assert run.error is not None
    assert f"was lost or damaged {MOST_DAMAGED} times" in run.error["text"]
    assert "has other content than its digest says" in run.error["text"]


def test_a_run_that_finds_several_losses_below_each_other_heals_them_all(
    uncached: OrchestratorHarness, ready: str
) -> None:
    harness, first = uncached, uncached.experiment(ready)
    harness.drain(Reader(harness.store))
    before = result_of(harness, first)
    one_of_each = {step.kind: step.id for step in harness.steps(StepState.DONE)}
    for kind, step in one_of_each.items():
        delete_a_file(harness.store, Ref(kind=Kind(kind), id=step))
    goal = Ref(kind=Kind.BUILD_REPORT, id=one_of_each["build_report"])
    with harness.write.begin() as session:
        loss = find_loss(harness.store, goal)
        assert loss is not None
        heal(session, harness.store, loss)

    assert harness.state(first).state is RunState.RUNNING
    harness.drain(Reader(harness.store))

    assert harness.state(first).state is RunState.SUCCEEDED
    assert result_of(harness, first) == before


def test_a_lost_model_fails_the_run_with_a_sentence_that_names_it(
    uncached: OrchestratorHarness, ready: str
) -> None:
    harness = uncached
    delete_a_file(harness.store, MODEL)
    entry = f'{{"id": "{MODEL.id}", "kind": "generator"}}'
    harness.store.put("models/names/tiny.json", entry.encode())
    experiment = harness.experiment(ready)

    harness.drain(Reader(harness.store))

    run = harness.state(experiment)
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "The model tiny is damaged in the object store" in run.error["text"]


def test_a_healed_inspection_is_planned_for_by_a_later_run(
    uncached: OrchestratorHarness, ready: str
) -> None:
    harness, worker = uncached, Reader(uncached.store, Kind.INSPECT_CASE, flip_a_byte)
    first = harness.experiment(ready)
    harness.tick()
    while not worker.harmed:
        harness.work(worker, limit=1)
    harness.tick()
    harness.cancel(first)
    harness.queue.messages.clear()
    harness.coordinator.lose_everything()

    second = harness.experiment(ready)
    harness.drain(worker)

    assert harness.state(second).state is RunState.SUCCEEDED
