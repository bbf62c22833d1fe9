"""Causes outside the platform: what it says while they last, and that it goes on afterwards."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
from redis import Redis
from tests.chaos.parts import BACK_S, Parts, run_parts
from tests.chaos.platform import wait_until
from tests.chaos.proxy import Proxy, run_proxy

from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

NOTICED_S = 45.0
LOCKED_S = 60.0
RECOMPUTED = "urn:syntrust:problem:being-recomputed"
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
needs_root = pytest.mark.skipif(
    subprocess.run(["id", "-u"], capture_output=True, check=True).stdout.strip() != b"0",
    reason="needs root, to mount a small disk",
)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    make_cohort(folder, seed=5, count=2, options=PhantomOptions.demo())
    return folder


Start = Callable[..., AbstractContextManager[Parts]]


@pytest.fixture
def start(tmp_path: Path, storage: StorageSettings, valkey_url: str) -> Start:
    """Runs the parts with their data in this test's folder."""
    return partial(run_parts, tmp_path, storage, valkey_url)


@pytest.fixture
def proxy(storage: StorageSettings) -> Iterator[Proxy]:
    with run_proxy(storage.endpoint) as proxy:
        yield proxy


@pytest.fixture
def start_behind_proxy(
    tmp_path: Path, storage: StorageSettings, valkey_url: str, proxy: Proxy
) -> Start:
    behind = storage.model_copy(update={"endpoint": proxy.url, "public_endpoint": storage.endpoint})
    return partial(run_parts, tmp_path, behind, valkey_url)


@pytest.fixture(autouse=True)
def _empty_queue(valkey_url: str) -> None:
    """Steps of another test's database must not come from the queue."""
    with Redis.from_url(valkey_url) as redis:
        redis.flushall()


def says(parts: Parts, word: str) -> bool:
    """Tell whether it says that it is not ready, and names the culprit."""
    status, text = parts.readiness()
    return status == 503 and word in text


@pytest.mark.parametrize("status", [403, pytest.param(500, marks=pytest.mark.long)])
def test_a_store_that_refuses_is_named_and_work_goes_on_when_it_serves_again(
    start_behind_proxy: Start, proxy: Proxy, cohort: Path, status: int
) -> None:
    with start_behind_proxy() as parts:
        dataset = parts.upload(cohort)
        proxy.status = status
        wait_until(lambda: says(parts, "store"), NOTICED_S)
        parts.commit(dataset)
        proxy.behave()
        parts.comes_back(dataset)


@pytest.mark.long
def test_a_store_that_takes_ten_seconds_a_request_is_named_and_only_delays(
    start_behind_proxy: Start, proxy: Proxy, cohort: Path
) -> None:
    with start_behind_proxy() as parts:
        dataset = parts.upload(cohort)
        proxy.delay_s = 10.0
        wait_until(lambda: says(parts, "store"), NOTICED_S)
        parts.commit(dataset)
        proxy.behave()
        parts.comes_back(dataset)


@pytest.mark.long
def test_a_database_that_is_locked_for_a_minute_loses_nothing(start: Start, cohort: Path) -> None:
    with start() as parts:
        dataset = parts.upload(cohort)
        assert parts.commit(dataset)
        lock = sqlite3.connect(parts.database, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        threading.Event().wait(LOCKED_S)
        lock.execute("ROLLBACK")
        lock.close()
        parts.comes_back(dataset)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of `size` on `folder` while the block runs."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Write a file that leaves no room on `disk`."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    return filler


@pytest.mark.long
@needs_root
def test_a_full_disk_of_a_worker_fails_no_step_for_good(
    tmp_path: Path, start: Start, cohort: Path
) -> None:
    with (
        small_disk(tmp_path / "scratch", "64m") as scratch,
        start() as parts,
    ):
        dataset = parts.upload(cohort)
        filler = fill(scratch)
        parts.commit(dataset)
        wait_until(lambda: "No space" in (tmp_path / "metrics.log").read_text(), NOTICED_S)
        filler.unlink()
        parts.comes_back(dataset)


@pytest.mark.long
@needs_root
def test_a_read_only_disk_of_a_worker_fails_no_step_for_good(
    tmp_path: Path, start: Start, cohort: Path
) -> None:
    with (
        small_disk(tmp_path / "scratch", "256m") as scratch,
        start() as parts,
    ):
        dataset = parts.upload(cohort)
        subprocess.run(["mount", "-o", "remount,ro", scratch], check=True)
        parts.commit(dataset)
        wait_until(lambda: "Read-only" in (tmp_path / "metrics.log").read_text(), NOTICED_S)
        subprocess.run(["mount", "-o", "remount,rw", scratch], check=True)
        parts.comes_back(dataset)


@pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime")
@pytest.mark.parametrize("jump", ["+1h", pytest.param("-1h", marks=pytest.mark.long)])
def test_a_clock_that_jumps_by_an_hour_is_named_and_work_goes_on_when_it_is_right(
    tmp_path: Path, start: Start, cohort: Path, jump: str
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    shifted = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with start(extra=shifted) as parts:
        dataset = parts.upload(cohort)
        clock.write_text(jump)
        wait_until(lambda: says(parts, "clock"), NOTICED_S)
        parts.commit(dataset)
        clock.write_text("+0")
        parts.comes_back(dataset)


def test_a_result_of_which_a_byte_was_flipped_is_computed_again_by_a_real_worker(
    start: Start, storage: StorageSettings, cohort: Path
) -> None:
    labels = next(cohort.glob("phantom-*/*seg.nii.gz"))
    files = dict.fromkeys(("seg", "prediction_real", "prediction_synthetic"), labels)
    with start() as parts, parts.client() as client:
        job = client.jobs.score_volumes({"a": files, "b": files}, scheme="brats2023")["id"]
        assert client.jobs.wait(job, timeout_s=BACK_S)["state"] == "succeeded"
        before = client.jobs.result(job)
        flip_a_byte(S3Store(storage), "artifacts/score_volumes/", "/trust.json")

        refused = httpx.get(
            f"{parts.url}/jobs/{job}/result", headers={"Authorization": f"Bearer {parts.key}"}
        )

        assert (refused.status_code, refused.json()["type"]) == (503, RECOMPUTED)
        assert client.jobs.wait(job, timeout_s=BACK_S)["state"] == "succeeded"
        assert client.jobs.result(job) == before


def flip_a_byte(store: S3Store, prefix: str, name: str) -> None:
    (key,) = (item.key for item in store.list(prefix) if item.key.endswith(name))
    data = bytearray(store.get(key))
    data[len(data) // 2] ^= 1
    store.put(key, bytes(data))
