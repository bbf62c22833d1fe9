"""The one thread that looks at the leases of a process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.runtime import lease
from syntrust_core.runtime.context import StepContext
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.lease import LeaseKeeper, LeaseThread
from syntrust_core.testing import MemoryCoordinator, MemoryStore

PATIENCE_S = 60.0


class Keeper(LeaseKeeper):
    """Tells of its looks, and of the threads that they were made in."""

    def __init__(self, folder: Path, number: int, *, fails: bool = False) -> None:
        store, coordinator = MemoryStore(), MemoryCoordinator()
        context = StepContext(
            Ref(kind=Kind.TRAIN_SEGMENTER, id=f"{number:064x}"),
            store=store,
            coordinator=coordinator,
            cache=InputCache(store, folder / "cache", limit_bytes=0),
            scratch=folder / "scratch",
            threads=1,
        )
        super().__init__(context, coordinator, store, threading.Event())
        self.looks = threading.Semaphore(0)
        self.threads: set[int] = set()
        self._fails = fails

    def look(self, elapsed_s: float) -> None:
        del elapsed_s
        self.threads.add(threading.get_ident())
        self.looks.release()
        if self._fails:
            raise RuntimeError("a bug")

    def is_looked_at(self) -> bool:
        return self.looks.acquire(timeout=PATIENCE_S)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_LOOK_EVERY_S", 0.001)


def test_one_thread_looks_at_all_leases_one_after_the_other(tmp_path: Path) -> None:
    first, second, leases = Keeper(tmp_path, 1), Keeper(tmp_path, 2), LeaseThread()

    with leases.keeping(first):
        assert first.is_looked_at()
        with leases.keeping(second):
            assert second.is_looked_at()

    assert first.threads == second.threads
    assert threading.get_ident() not in first.threads


def test_a_look_that_fails_ends_neither_the_thread_nor_other_leases(tmp_path: Path) -> None:
    broken, sound, leases = Keeper(tmp_path, 1, fails=True), Keeper(tmp_path, 2), LeaseThread()

    with leases.keeping(broken):
        assert broken.is_looked_at()
        assert broken.is_looked_at()
        with leases.keeping(sound):
            assert sound.is_looked_at()


def test_nobody_looks_at_a_lease_that_has_ended(tmp_path: Path) -> None:
    keeper, leases = Keeper(tmp_path, 1), LeaseThread()
    with leases.keeping(keeper):
        assert keeper.is_looked_at()
    while keeper.looks.acquire(blocking=False):
        pass

    keeper.look_now()

    assert not keeper.looks.acquire(blocking=False)


def test_after_a_fork_a_lease_is_looked_at_by_a_thread_of_the_new_process(tmp_path: Path) -> None:
    before, after, leases = Keeper(tmp_path, 1), Keeper(tmp_path, 2), LeaseThread()
    with leases.keeping(before):
        leases.forget()
        with leases.keeping(after):
            assert after.is_looked_at()
