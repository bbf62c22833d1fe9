"""Checkpoints of a training: progress is kept, whoever writes and however late."""

from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.runtime.checkpoints import Checkpoints
from syntrust_core.testing import MemoryStore

REF = Ref(kind=Kind.TRAIN_SEGMENTER, id="a" * 64)


class Training:
    """One attempt's view of the checkpoints, in files of its own."""

    def __init__(self, store: MemoryStore, attempt: str, folder: Path) -> None:
        self.kept = Checkpoints(store, REF, attempt)
        self.path = folder / attempt

    def save(self, iteration: int) -> None:
        self.path.write_text(f"{iteration} by {self.path.name}")
        self.kept.save(self.path, iteration)

    def load(self) -> str | None:
        return self.path.read_text() if self.kept.load(self.path) else None


@pytest.fixture
def old(store: MemoryStore, tmp_path: Path) -> Training:
    return Training(store, "old", tmp_path)


@pytest.fixture
def new(store: MemoryStore, tmp_path: Path) -> Training:
    return Training(store, "new", tmp_path)


def kept(store: MemoryStore) -> list[str]:
    return [store.get(item.key).decode() for item in store.list(REF.prefix)]


def test_the_state_of_most_iterations_is_loaded(old: Training, new: Training) -> None:
    assert new.load() is None
    old.save(7)
    old.save(12)

    assert new.load() == "12 by old"
    assert new.kept.began_at == 12


def test_only_the_newest_state_of_a_training_is_kept(store: MemoryStore, old: Training) -> None:
    for iteration in (1, 2, 3):
        old.save(iteration)

    assert kept(store) == ["3 by old"]


def test_a_loser_that_writes_late_takes_nothing_from_the_winner(
    store: MemoryStore, old: Training, new: Training
) -> None:
    old.save(5)
    new.load()
    new.save(20)

    old.save(10)

    assert "20 by new" in kept(store)
    new.save(21)
    assert kept(store) == ["21 by new"]


def test_a_damaged_state_is_passed_over_and_then_removed(
    store: MemoryStore, old: Training, new: Training
) -> None:
    old.save(5)
    old.save(9)
    (item,) = store.list(REF.checkpoints_prefix)
    store.put(item.key, b"flipped")
    other = Training(store, "other", old.path.parent)
    other.save(3)

    assert new.load() == "3 by other"
    new.save(4)

    assert kept(store) == ["4 by new"]


def test_a_state_that_another_attempt_replaces_while_it_is_read_is_looked_up_again(
    tmp_path: Path,
) -> None:
    class Racing(MemoryStore):
        def get_file(self, key: str, path: Path) -> None:
            if "-old" in key:
                other.save(8)
            super().get_file(key, path)

    store = Racing()
    old, other, new = (Training(store, name, tmp_path) for name in ("old", "other", "new"))
    old.save(5)

    assert new.load() == "8 by other"


def test_what_a_worker_of_an_earlier_release_kept_is_read_and_replaced(
    store: MemoryStore, new: Training
) -> None:
    store.put(REF.checkpoint_key, b"earlier")

    assert new.load() == "earlier"
    new.save(1)

    assert kept(store) == ["1 by new"]


def test_a_published_training_leaves_no_state(store: MemoryStore, old: Training) -> None:
    old.save(5)
    store.put(REF.progress_key("old"), b"{}")

    old.kept.drop()

    assert kept(store) == []


def test_a_step_without_checkpoints_does_not_look_for_any(old: Training) -> None:
    old.kept.drop()

    assert not old.path.exists()
