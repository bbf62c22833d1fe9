"""A backup brings everything back on an empty machine, except who was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from tests.databases import create_database
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import Kind, Manifest
from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_core.testing import MemoryStore
from syntrust_gateway.db.lifecycle_tables import Tombstone
from syntrust_gateway.db.session import make_engine
from syntrust_gateway.db.tables import Case, CaseState, Dataset, Experiment, RunState, Step
from syntrust_gateway.lifecycle.backup.restore import Backup, Restored, restore
from syntrust_gateway.lifecycle.backup.write import (
    TOMBSTONES_FILE,
    Written,
    dump_tombstones,
    write_backup,
    write_lines,
)
from syntrust_gateway.lifecycle.removal import remove
from syntrust_gateway.lifecycle.verification import Verifier
from syntrust_gateway.lifecycle.withdrawal import withdraw


@dataclass
class Machine:
    """An empty installation."""

    folder: Path
    url: str
    engine: Engine
    store: MemoryStore

    def restore(self, folder: Path, *tombstones: Path) -> Restored:
        return restore(Backup.open(folder), self.engine, self.url, self.store, tombstones)

    def harness(self) -> OrchestratorHarness:
        place = self.folder / "restored"
        place.mkdir()
        return OrchestratorHarness(place, self.engine, self.store)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    url = f"sqlite:///{tmp_path / 'restored.sqlite'}"
    if request.param == "postgresql":
        url = create_database(request.getfixturevalue("postgres_server"))
    engine = make_engine(url)
    yield Machine(tmp_path, url, engine, MemoryStore())
    engine.dispose()


def back_up(harness: OrchestratorHarness, folder: Path) -> Written:
    return write_backup(harness.read, harness.store, folder)


def objects_of(store: MemoryStore) -> dict[str, bytes]:
    return {item.key: store.get(item.key) for item in store.list("") if item.key != "health"}


def withdraw_first(harness: OrchestratorHarness, dataset: str) -> str:
    with harness.write.begin() as session:
        case = session.get_one(Case, (dataset, "p0"))
        step = str(case.step)
        done = withdraw(session, session.get_one(Dataset, dataset), case)
    remove(harness.store, done.removal)
    return step


def test_a_backup_restores_every_row_and_object_on_an_empty_machine(
    harness: OrchestratorHarness, experiment: str, empty_machine: Machine, tmp_path: Path
) -> None:
    done = back_up(harness, tmp_path / "backups")

    empty_machine.restore(done.folder)

    assert objects_of(empty_machine.store) == objects_of(harness.store)
    restored = empty_machine.harness()
    row, before = restored.state(experiment), harness.state(experiment)
    assert (row.state, row.created, row.spec) == (RunState.SUCCEEDED, before.created, before.spec)
    found = Verifier(
        restored.write, restored.read, restored.store, sizes_only=False, repairs=False
    ).verify()
    assert found.findings == ()
    with restored.read() as session:
        dataset = session.scalars(select(Dataset)).one()
    second = restored.experiment(dataset.id)
    restored.drain()
    assert restored.state(second).state is RunState.SUCCEEDED
    assert restored.computed == []


@pytest.mark.any_database
def test_a_second_backup_copies_only_what_is_new(
    harness: OrchestratorHarness, experiment: str, tmp_path: Path
) -> None:
    first = back_up(harness, tmp_path / "backups")
    harness.store.put("content/" + "a" * 64, b"damaged")
    first.folder.rename(tmp_path / "backups" / "earlier")

    second = back_up(harness, tmp_path / "backups")

    assert first.new_bytes > 0
    assert second.new_bytes == 0
    assert second.damaged == ("content/" + "a" * 64,)
    assert harness.state(experiment).state is RunState.SUCCEEDED


def test_a_withdrawn_patient_does_not_come_back_from_an_older_backup(
    harness: OrchestratorHarness,
    ready: str,
    experiment: str,
    empty_machine: Machine,
    tmp_path: Path,
) -> None:
    done = back_up(harness, tmp_path / "backups")
    step = withdraw_first(harness, ready)
    later = tmp_path / TOMBSTONES_FILE
    with harness.read() as session:
        write_lines(later, dump_tombstones(session))

    restored = empty_machine.restore(done.folder, later)

    assert restored.withheld > 0
    assert not list(empty_machine.store.list(f"artifacts/{Kind.INSPECT_CASE}/{step}/"))
    assert empty_machine.store.exists(f"tombstones/{step}")
    machine = empty_machine.harness()
    assert machine.case("p0").state is CaseState.WITHDRAWN
    assert machine.case("p0").record is None
    with machine.read() as session:
        (tombstone,) = session.scalars(select(Tombstone)).all()
        assert tombstone.step == step
        twins = session.scalars(select(Step).where(Step.kind == "synthesise_case")).all()
    gone = [twin for twin in twins if twin.manifest is None]
    assert len(gone) == 1
    assert machine.state(experiment).state is RunState.SUCCEEDED


@pytest.mark.any_database
def test_a_damaged_or_unfinished_backup_is_refused(
    harness: OrchestratorHarness, experiment: str, empty_machine: Machine, tmp_path: Path
) -> None:
    done = back_up(harness, tmp_path / "backups")
    with harness.read() as session:
        step = session.get_one(Step, session.get_one(Experiment, experiment).goal)
    sha256 = Manifest.model_validate(step.manifest).files["case.json"].sha256
    kept = tmp_path / "backups" / "objects" / sha256[:2] / sha256
    kept.write_bytes(b"rot")

    with pytest.raises(InvalidRequest, match="missing from the backup, or damaged"):
        empty_machine.restore(done.folder)
    (done.folder / "database.jsonl").write_text("")
    with pytest.raises(InvalidRequest, match="was changed after"):
        empty_machine.restore(done.folder)
    (done.folder / "backup.json").unlink()
    with pytest.raises(InvalidRequest, match="no whole backup"):
        empty_machine.restore(done.folder)


@pytest.mark.any_database
def test_nothing_is_restored_over_work_that_is_there(
    harness: OrchestratorHarness, experiment: str, empty_machine: Machine, tmp_path: Path
) -> None:
    done = back_up(harness, tmp_path / "backups")
    empty_machine.restore(done.folder)

    with pytest.raises(Conflict, match="restore into an empty one"):
        empty_machine.restore(done.folder)
    assert harness.state(experiment).state is RunState.SUCCEEDED
