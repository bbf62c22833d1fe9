"""What a worker keeps of withdrawn steps goes, whatever the store does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.errors import StoreUnavailable
from syntrust_core.storage import withdrawn_copies
from syntrust_core.storage.tombstones import tombstone_key
from syntrust_core.storage.withdrawn_copies import keep_removing, remove_withdrawn_copies
from syntrust_core.testing import MemoryStore

GONE, KEPT = (Ref(kind=Kind.INSPECT_CASE, id=letter * 64) for letter in "ab")


@pytest.fixture
def copies(tmp_path: Path) -> dict[Ref, Path]:
    folders = {ref: tmp_path / "cache-7" / str(ref.kind) / ref.id for ref in (GONE, KEPT)}
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "t1.nii.gz").write_bytes(b"a volume")
    return folders


def test_a_copy_of_a_withdrawn_case_goes_and_other_copies_stay(
    store: MemoryStore, copies: dict[Ref, Path], tmp_path: Path
) -> None:
    told: list[Collection[str]] = []
    store.put(tombstone_key(GONE), b"-")

    remove_withdrawn_copies(store, tmp_path, told.append)

    assert not copies[GONE].exists()
    assert (copies[KEPT] / "t1.nii.gz").is_file()
    assert told == [{GONE.id}]


def test_where_nothing_is_withdrawn_nothing_is_looked_for(
    store: MemoryStore, copies: dict[Ref, Path], tmp_path: Path
) -> None:
    told: list[Collection[str]] = []

    remove_withdrawn_copies(store, tmp_path, told.append)

    assert all(folder.exists() for folder in copies.values())
    assert told == []


def test_a_store_that_is_away_delays_the_removal_and_does_not_end_it(
    store: MemoryStore,
    copies: dict[Ref, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.put(tombstone_key(GONE), b"-")
    answers: Iterator[StoreUnavailable | set[str]] = iter([StoreUnavailable("away"), {GONE.id}])
    stop = threading.Event()

    def listed(_: MemoryStore) -> set[str]:
        answer = next(answers)
        if isinstance(answer, StoreUnavailable):
            raise answer
        stop.set()
        return answer

    monkeypatch.setattr(withdrawn_copies, "list_withdrawn", listed)
    monkeypatch.setattr(withdrawn_copies, "REMOVE_EVERY_S", 0.0)

    keep_removing(store, tmp_path, lambda _: None, stop)

    assert not copies[GONE].exists()
