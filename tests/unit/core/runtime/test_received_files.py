"""Receiving uploads: only the bytes that were hashed come to lie under a digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from syntrust_core.contracts.base import FileInfo, Upload
from syntrust_core.contracts.uploads import ReceiveUpload, content_key, staging_key
from syntrust_core.errors import ObjectDamaged, StoreUnavailable
from syntrust_core.runtime.received_files import fetch
from syntrust_core.runtime.runner import Outcome
from syntrust_core.storage.verified import read_verified
from syntrust_core.testing import MemoryStore
from syntrust_core.testing.casemaker import lps_affine, nifti_bytes
from syntrust_core.testing.step_bench import StepBench
from syntrust_metrics.receiving import receive_upload

TRUE, ZEROS = b"the true bytes", b"\0" * 14
SHA256 = hashlib.sha256(TRUE).hexdigest()


class InterferingStore(MemoryStore):
    """A store in which the client PUTs other bytes just before every copy and every download."""

    def __init__(self) -> None:
        super().__init__()
        self.interferes_with = ""
        self.copies = 0

    def copy(self, source: str, target: str) -> None:
        self.copies += 1
        if source != self.interferes_with:
            self._interfere()
        super().copy(source, target)

    def get_file(self, key: str, path: Path) -> None:
        self._interfere()
        super().get_file(key, path)

    def _interfere(self) -> None:
        if self.interferes_with:
            self.put(self.interferes_with, ZEROS)


@pytest.fixture
def store() -> InterferingStore:
    return InterferingStore()


@pytest.fixture
def bench(tmp_path: Path, store: InterferingStore) -> StepBench:
    return StepBench(tmp_path, store=store)


def staged(store: MemoryStore, content: bytes | None = TRUE) -> Upload:
    """Announce the true bytes and put `content`; nothing if None."""
    upload = Upload(key=staging_key(1), bytes=len(TRUE), sha256=SHA256)
    if content is not None:
        store.put(upload.key, content)
    return upload


def receive(bench: StepBench, **files: Upload) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Run the step; what was received, by role, and the problems."""
    manifest = bench.run(ReceiveUpload(files=files), receive_upload)
    problems = "problems.json" in manifest.files
    return (
        json.loads(bench.read(manifest, "received.json"))["files"],
        json.loads(bench.read(manifest, "problems.json")) if problems else [],
    )


def test_received_bytes_lie_under_their_digest_and_no_longer_in_staging(
    bench: StepBench, store: InterferingStore
) -> None:
    upload = staged(store)

    received, problems = receive(bench, t1=upload)

    assert (received, problems) == ({"t1": SHA256}, [])
    assert store.get(content_key(SHA256)) == TRUE
    assert list(store.list("staging/")) == []


def test_zeros_under_the_digest_of_another_are_refused_and_leave_nothing(
    bench: StepBench, store: InterferingStore
) -> None:
    store.put(content_key(SHA256), TRUE)  # another client has proven it
    claim, own = staged(store, ZEROS), staged(store)

    received, problems = receive(bench, t1=claim, t2=own)

    assert received == {"t2": SHA256}
    assert [(problem["file"], problem["field"]) for problem in problems] == [("t1", "sha256")]
    assert store.get(content_key(SHA256)) == TRUE
    assert list(store.list("staging/")) == []


def test_what_is_put_while_a_worker_looks_does_not_come_under_the_digest(
    bench: StepBench, store: InterferingStore
) -> None:
    upload = staged(store)
    store.interferes_with = upload.key

    received, _ = receive(bench, t1=upload)

    assert received == {"t1": SHA256}
    assert store.get(content_key(SHA256)) == TRUE


def test_a_later_put_to_staging_changes_nothing(bench: StepBench, store: InterferingStore) -> None:
    upload = staged(store)
    receive(bench, t1=upload)

    store.put(upload.key, ZEROS)
    again = bench.attempt(ReceiveUpload(files={"t1": upload}), receive_upload)

    assert again is Outcome.ALREADY_DONE
    assert store.get(content_key(SHA256)) == TRUE


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [(None, "file", "not in the store"), (b"cut", "bytes", "has 3 bytes; 14 were announced")],
)
def test_a_file_that_is_missing_or_of_another_size_is_refused_before_it_is_read(
    bench: StepBench, store: InterferingStore, content: bytes | None, field: str, reason: str
) -> None:
    received, (problem,) = receive(bench, t1=staged(store, content))

    assert (received, store.copies) == ({}, 0)
    assert (problem["file"], problem["field"]) == ("t1", field)
    assert reason in problem["reason"]


def test_content_that_is_there_is_not_written_again(
    bench: StepBench, store: InterferingStore
) -> None:
    receive(bench, t1=staged(store))
    receive(bench, t1=staged(store))

    assert store.writes.count(content_key(SHA256)) == 1


def test_damaged_content_is_mended_by_receiving_it_again(
    bench: StepBench, store: InterferingStore
) -> None:
    store.put(content_key(SHA256), ZEROS)

    receive(bench, t1=staged(store))

    assert store.get(content_key(SHA256)) == TRUE


def test_a_store_that_is_away_for_a_moment_loses_no_upload(
    bench: StepBench, store: InterferingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = staged(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "copy", _away)
        failed = bench.attempt(ReceiveUpload(files={"t1": upload}), receive_upload)

    received, _ = receive(bench, t1=upload)

    assert (failed, received) == (Outcome.FAILED, {"t1": SHA256})


def _away(source: str, target: str) -> None:
    raise StoreUnavailable(f"away: {source} to {target}")


def test_damaged_content_names_its_role_when_it_is_read(
    store: InterferingStore, tmp_path: Path
) -> None:
    upload = Upload(key=content_key(SHA256), bytes=len(TRUE), sha256=SHA256)
    store.put(upload.key, ZEROS)

    with pytest.raises(ObjectDamaged, match="t1 is damaged") as damage:
        fetch(store, "t1", upload, tmp_path / "t1")

    assert damage.value.context == {"file": "t1", "field": "sha256"}


def test_a_published_file_that_has_changed_is_not_read(store: InterferingStore) -> None:
    info = FileInfo(key="artifacts/x/case.json", bytes=len(TRUE), sha256=SHA256)
    store.put(info.key, TRUE)
    before = read_verified(store, info)
    store.put(info.key, ZEROS)

    assert before == TRUE
    with pytest.raises(ObjectDamaged, match="not what its manifest promises"):
        read_verified(store, info)


NAMED = nifti_bytes(np.ones((8, 8, 8), np.uint8), lps_affine(), {"descrip": b"DOE^JOHN MRN123"})


def test_a_volume_is_kept_without_the_text_of_its_header_and_the_receipt_says_so(
    bench: StepBench, store: InterferingStore
) -> None:
    sha256 = hashlib.sha256(NAMED).hexdigest()
    uploads = {
        role: Upload(key=staging_key(1), bytes=len(NAMED), sha256=sha256)
        for role in ("t1", "checkpoint")
    }
    for upload in uploads.values():
        store.put(upload.key, NAMED)

    manifest = bench.run(ReceiveUpload(files=uploads), receive_upload)

    receipt = json.loads(bench.read(manifest, "received.json"))
    kept = store.get(content_key(receipt["files"]["t1"]))
    assert b"DOE" not in kept
    assert receipt["rewritten"] == {
        "t1": {"bytes": len(kept), "sha256": hashlib.sha256(kept).hexdigest()}
    }
    assert receipt["files"]["checkpoint"] == sha256  # no volume: its bytes are its own


def test_of_a_volume_with_text_nothing_else_stays(
    bench: StepBench, store: InterferingStore
) -> None:
    upload = Upload(key=staging_key(1), bytes=len(NAMED), sha256=hashlib.sha256(NAMED).hexdigest())
    store.put(upload.key, NAMED)

    bench.run(ReceiveUpload(files={"t1": upload}), receive_upload)

    assert not any(b"DOE" in store.get(item.key) for item in list(store.list("")))
