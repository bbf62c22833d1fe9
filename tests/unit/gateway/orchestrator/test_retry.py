"""Which attempts count, and what is decided after them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.testing import MemoryStore
from syntrust_gateway.orchestrator.retry import (
    BACK_OFF,
    MAX_ATTEMPTS,
    MAX_WORKER_DEATHS,
    MOST_ATTEMPTS,
    Fail,
    Submit,
    Wait,
    count_attempts,
    decide,
    read_attempts,
    reset_attempts,
)

REF = Ref(kind=Kind.TRAIN_SEGMENTER, id="a" * 64)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Attempts:
    """Writes attempts at `REF` as workers do."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.names = store, list[str]()

    def add(
        self,
        *,
        slug: str | None = None,
        fault: str = "world",
        at: str = "2026-11-30T12:00:00Z",
        **context: bool,
    ) -> str:
        name = f"attempt-{len(self.names)}"
        made = {"host": f"host-{len(self.names)}", "started": at, "seconds": 0}
        self.store.put(REF.attempt_key(name), json.dumps(made).encode())
        if slug is not None:
            error: dict[str, object] = {"fault": fault, "slug": slug, "text": f"{slug}."}
            error |= {"host": "h", "at": at, "context": context}
            self.store.put(REF.error_key(name), json.dumps(error).encode())
        self.names.append(name)
        return name

    def progress(self, name: str) -> None:
        before = [other for other in self.names if other != name]
        self.store.put(REF.progress_key(name), json.dumps({"before": before}).encode())

    def decide(self, *, waited: bool = False) -> Submit | Wait | Fail:
        return decide(read_attempts(self.store, REF), now=NOW, waited=waited)


@pytest.fixture
def attempts(store: MemoryStore) -> Attempts:
    return Attempts(store)


def test_three_deaths_without_progress_fail_the_step_and_name_the_hosts(attempts: Attempts) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert attempts.decide() == Submit()
        attempts.add()

    failed = attempts.decide()

    assert isinstance(failed, Fail)
    assert failed.slug == "worker-lost"
    assert "host-0, host-1, host-2" in failed.text


def test_three_deaths_that_a_parent_has_told_of_count_like_those_that_nobody_saw(
    attempts: Attempts,
) -> None:
    attempts.add()
    for _ in range(MAX_ATTEMPTS - 1):
        attempts.add(slug="worker-lost")

    failed = attempts.decide(waited=True)

    assert isinstance(failed, Fail)
    assert failed.slug == "worker-lost"
    assert "died 3 times" in failed.text


def test_whole_workers_that_die_fail_a_step_later_than_processes_that_die_alone(
    attempts: Attempts,
) -> None:
    for _ in range(MAX_WORKER_DEATHS - 1):
        attempts.add(slug="worker-lost", whole=True)
        assert attempts.decide(waited=True) == Submit()
    attempts.add(slug="worker-lost", whole=True)

    failed = attempts.decide(waited=True)

    assert isinstance(failed, Fail)
    assert f"died {MAX_WORKER_DEATHS} times" in failed.text


def test_deaths_of_whole_workers_give_nothing_back_to_processes_that_die_alone(
    attempts: Attempts,
) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        attempts.add(slug="worker-lost")
        attempts.add(slug="worker-lost", whole=True)
    attempts.add(slug="worker-lost")

    assert isinstance(attempts.decide(waited=True), Fail)


def test_a_training_that_progresses_each_time_survives_any_three_deaths(attempts: Attempts) -> None:
    for _ in range(3 * MAX_ATTEMPTS):
        attempts.progress(attempts.add())
        assert attempts.decide() == Submit()


def test_progress_gives_back_the_attempts_before_it_and_none_after_it(attempts: Attempts) -> None:
    attempts.add()
    attempts.add()
    attempts.progress(attempts.add())
    for _ in range(MAX_ATTEMPTS):
        assert attempts.decide() == Submit()
        attempts.add()

    assert isinstance(attempts.decide(), Fail)


def test_progress_of_an_attempt_that_was_stopped_cleanly_counts_too(attempts: Attempts) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        attempts.add()
    stopped = attempts.add()
    attempts.progress(stopped)
    attempts.store.delete(REF.attempt_key(stopped))
    attempts.add()

    assert attempts.decide() == Submit()


def test_nothing_is_tried_for_ever(attempts: Attempts) -> None:
    for _ in range(MOST_ATTEMPTS):
        attempts.progress(attempts.add(slug="stalled"))

    failed = attempts.decide()

    assert isinstance(failed, Fail)
    assert failed.slug == "too-many-attempts"
    assert f"begun {MOST_ATTEMPTS} times" in failed.text
    assert "stalled." in failed.text


def test_a_server_that_was_away_does_not_count_but_gives_a_pause(attempts: Attempts) -> None:
    for _ in range(2 * MAX_ATTEMPTS):
        attempts.add(slug="store-unavailable")

    assert count_attempts(read_attempts(attempts.store, REF)) == []
    assert attempts.decide() == Wait(NOW + BACK_OFF[-1])


@pytest.mark.parametrize("wrong", [timedelta(minutes=20), -timedelta(minutes=20)])
def test_a_workers_wrong_clock_changes_no_pause(attempts: Attempts, wrong: timedelta) -> None:
    attempts.add(slug="object-damaged", at=(NOW + wrong).isoformat())

    assert attempts.decide() == Wait(NOW + BACK_OFF[0])
    assert attempts.decide(waited=True) == Submit()


@pytest.mark.parametrize(
    "garbage", [b"", b"\xff", b"[]", b'{"host": "h", "started": "yesterday", "seconds": 0}']
)
def test_a_record_that_cannot_be_read_counts_as_an_attempt(
    attempts: Attempts, garbage: bytes
) -> None:
    for name in ("a", "b", "c"):
        attempts.store.put(REF.attempt_key(name), garbage)

    failed = attempts.decide()

    assert isinstance(failed, Fail)
    assert "an unknown host" in failed.text
    records = read_attempts(attempts.store, REF)
    assert all(datetime.fromisoformat(record.made.started) for record in records)


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"{}"])
def test_an_error_that_cannot_be_read_is_ours(attempts: Attempts, garbage: bytes) -> None:
    for _ in range(MAX_ATTEMPTS):
        attempts.store.put(REF.error_key(attempts.add()), garbage)

    failed = attempts.decide(waited=True)

    assert isinstance(failed, Fail)
    assert failed.slug == "internal"


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"{}", b'{"before": [1, null]}'])
def test_progress_that_cannot_be_read_is_still_progress(attempts: Attempts, garbage: bytes) -> None:
    attempts.add()
    attempts.add()
    attempts.store.put(REF.progress_key(attempts.add()), garbage)

    assert attempts.decide() == Submit()
    assert len(count_attempts(read_attempts(attempts.store, REF))) == 2


def test_a_callers_fault_fails_the_step_at_once(attempts: Attempts) -> None:
    attempts.add(slug="invalid-request", fault="caller")
    attempts.add()

    failed = attempts.decide()

    assert isinstance(failed, Fail)
    assert failed.slug == "invalid-request"


def test_a_step_that_is_asked_for_again_has_no_traces_of_attempts(attempts: Attempts) -> None:
    attempts.progress(attempts.add(slug="stalled"))

    reset_attempts(attempts.store, REF)

    assert list(attempts.store.list(REF.prefix)) == []
