"""The registry of segmenters on either database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from syntrust_core.contracts.base import FileInfo, Kind, Manifest, Provenance, Ref
from syntrust_core.contracts.experiment_steps import Image, TrainSegmenter
from syntrust_core.testing import MemoryStore
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import Sessions, make_engine, session_factory
from syntrust_gateway.db.tables import (
    Case,
    CaseState,
    Client,
    Dataset,
    Experiment,
    ExperimentStep,
    Model,
    Role,
    Step,
    StepState,
)
from syntrust_gateway.orchestrator.segmenter_registration import register_segmenters

TRAINING = TrainSegmenter(train=(Image(case="a" * 64),), preset="tiny", iterations=1, seed=3)
CARD = {"config": {"preset": "tiny"}, "training_images": ["a (real)"]}


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    migrate(database_url)
    engine = make_engine(database_url)
    yield session_factory(engine)
    engine.dispose()


def trained(store: MemoryStore) -> Step:
    """The step of a segmenter that was trained."""
    ref = Ref(kind=Kind.TRAIN_SEGMENTER, id=TRAINING.step_id)
    key, content = ref.file_key("x", "config.json"), json.dumps(CARD).encode()
    store.put(key, content)
    info = FileInfo(key=key, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    manifest = Manifest(
        kind=ref.kind,
        id=ref.id,
        attempt="x",
        files={"config.json": info},
        made=Provenance(host="h", started="2026", seconds=1.0),
    )
    step = Step(id=ref.id, kind=ref.kind, message=TRAINING.model_dump(mode="json"), needs=[])
    step.state, step.manifest = StepState.DONE, manifest.model_dump(mode="json")
    step.done_at = datetime.now(UTC)
    return step


def experiment(owner: int) -> tuple[Dataset, Case, Experiment]:
    """An experiment of `owner`, planned, on a dataset of one case."""
    dataset = Dataset(id=f"d{owner}", name="d", grid="native", scheme="auto", owner=owner)
    case = Case(dataset_id=dataset.id, case_id="p1", files={}, state=CaseState.READY)
    case.step = "a" * 64
    found = Experiment(id=f"e{owner}", dataset_id=dataset.id, spec={}, owner=owner)
    found.planned, found.goal = True, "f" * 64
    return dataset, case, found


def test_a_segmenter_is_noted_once_for_each_owner_of_an_experiment(sessions: Sessions) -> None:
    store, run = MemoryStore(), {"alpha": "0.5", "model": TRAINING.step_id}
    with sessions.begin() as session:
        session.add(trained(store))
        session.add(Step(id="f" * 64, kind=Kind.BUILD_REPORT, message={"runs": [run]}, needs=[]))
        for owner in (1, 2):
            name = str(owner)
            session.add(Client(id=owner, name=name, role=Role.USER))
            session.add_all(experiment(owner))
            link = ExperimentStep(experiment_id=f"e{owner}", step_id=TRAINING.step_id, position=0)
            session.add(link)

    for _ in range(2):
        with sessions.begin() as session:
            register_segmenters(session, store)

    with sessions.begin() as session:
        found = session.scalars(select(Model).order_by(Model.owner)).all()
    assert [model.owner for model in found] == [1, 2]
    assert {model.name for model in found} == {f"segmenter-{TRAINING.step_id[:12]}"}
    assert found[0].card["cases"] == [{"id": "p1", "image": "real", "labels": None}]
    assert found[0].card["made_by"] == {
        "experiment": "e1",
        "name": None,
        "seed": 3,
        "alphas": [0.5],
        "controls": [],
    }
