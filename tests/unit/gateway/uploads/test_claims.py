"""A hash does not suffice: only who has the bytes gets what was computed from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.gateway.api_harness import RECORD, ApiHarness, key_of, play, send
from tests.unit.gateway.conftest import Api

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.contracts.uploads import content_key
from syntrust_core.errors import ObjectDamaged
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.content_tables import Content
from syntrust_gateway.db.tables import Case, Upload

_NO_TIME = timedelta(0)
VOLUMES = {"ET": 1.5, "ED": 20.25, "NCR": 3.0}
FILES = {role: f"{role} of a patient".encode() for role in ("t1", "t1ce", "t2", "flair", "seg")}
ZEROS = {role: bytes(len(content)) for role, content in FILES.items()}


def inspect(message: StepMessage, context: StepContext) -> None:
    """Give every case the same volumes; its files are read and checked."""
    if not isinstance(message, InspectCase):
        play(message, context)
        return
    for role, upload in message.files.items():
        context.fetch_upload(role, upload, context.scratch / role)
    record = {**RECORD, "region_volumes_ml": VOLUMES, "scheme": {"NCR": 1}, "digests": {}}
    path = context.scratch / "case.json"
    path.write_text(json.dumps(record))
    context.add("case.json", path)


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


Register = Callable[..., tuple[str, dict[str, Any]]]


@pytest.fixture
def register(store: MemoryStore) -> Register:
    """Announce `FILES` as a case, of a new dataset if none is given, and put `content`."""

    def make(
        caller: Api, content: dict[str, bytes], dataset: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        name = dataset or caller.post("/datasets", json={"name": "d"}).json()["id"]
        announced = {
            role: {"sha256": hashlib.sha256(own).hexdigest(), "bytes": len(own)}
            for role, own in FILES.items()
        }
        body = {"id": "case-a", "files": announced}
        answer = caller.post(f"/datasets/{name}/cases", json=body)
        assert answer.status_code == 201, answer.text
        places: dict[str, Any] = answer.json()
        for role, place in places.items():
            if place["url"] is not None:
                store.put(key_of(place["url"]), content[role])
        assert caller.post(f"/datasets/{name}/commit").status_code == 202
        return name, places

    return make


def show(caller: Api, dataset: str) -> tuple[str, Any]:
    """The state of the dataset's case, and the volumes that are told of it."""
    (case,) = caller.get(f"/datasets/{dataset}").json()["cases"]
    return case["state"], case["region_volumes_ml"]


def test_who_announces_the_hashes_of_another_and_puts_zeros_is_refused_and_gets_nothing(
    api: Api, stranger: Api, harness: ApiHarness, register: Register
) -> None:
    mine, _ = register(api, FILES)
    harness.drain(inspect)
    claimed, places = register(stranger, ZEROS)
    harness.drain(inspect)

    assert show(api, mine) == ("ready", VOLUMES)
    assert show(stranger, claimed) == ("refused", None)
    assert all(place["url"] for place in places.values())
    (case,) = stranger.get(f"/datasets/{claimed}").json()["cases"]
    assert {problem["file"] for problem in case["problems"]} == set(FILES)
    assert {problem["field"] for problem in case["problems"]} == {"sha256"}
    assert harness.kinds() == [Kind.INSPECT_CASE]


def test_zeros_of_another_that_came_first_refuse_nobody_else(
    api: Api, stranger: Api, harness: ApiHarness, register: Register
) -> None:
    claimed, _ = register(stranger, ZEROS)
    mine, _ = register(api, FILES)
    harness.drain(inspect)

    assert show(stranger, claimed) == ("refused", None)
    assert show(api, mine) == ("ready", VOLUMES)


def test_two_who_have_the_bytes_share_the_content_and_its_inspection(
    api: Api,
    stranger: Api,
    harness: ApiHarness,
    register: Register,
    store: MemoryStore,
) -> None:
    mine, _ = register(api, FILES)
    theirs, places = register(stranger, FILES)
    harness.drain(inspect)

    assert show(api, mine) == show(stranger, theirs) == ("ready", VOLUMES)
    assert all(place["url"] for place in places.values())
    assert harness.kinds() == [Kind.INSPECT_CASE]
    kept = {item.key: store.writes.count(item.key) for item in store.list("content/")}
    keys = [content_key(hashlib.sha256(own).hexdigest()) for own in FILES.values()]
    assert kept == dict.fromkeys(keys, 1)
    assert list(store.list("staging/")) == []
    with harness.container.read() as session:
        assert len(session.scalars(select(Content)).all()) == 2 * len(FILES)


def test_what_a_client_has_proven_it_need_not_put_again(
    api: Api, harness: ApiHarness, register: Register, store: MemoryStore
) -> None:
    register(api, FILES)
    harness.drain(inspect)
    lost = content_key(hashlib.sha256(FILES["t2"]).hexdigest())
    store.delete(lost)

    again, places = register(api, FILES)
    harness.drain(inspect)

    assert [role for role, place in places.items() if place["url"]] == ["t2"]
    assert store.get(lost) == FILES["t2"]
    assert show(api, again) == ("ready", VOLUMES)


def test_a_put_after_the_commit_changes_nothing_once_the_file_is_received(
    api: Api, harness: ApiHarness, register: Register, store: MemoryStore
) -> None:
    mine, places = register(api, FILES)
    harness.receive()
    for role, place in places.items():
        store.put(key_of(place["url"]), ZEROS[role])
    harness.drain(inspect)

    assert show(api, mine) == ("ready", VOLUMES)


def test_a_case_with_one_wrong_file_is_mended_by_that_file_alone(
    api: Api, harness: ApiHarness, register: Register
) -> None:
    mine, _ = register(api, FILES | {"flair": ZEROS["flair"]})
    harness.drain(inspect)
    refused = show(api, mine)

    _, places = register(api, FILES, mine)
    harness.drain(inspect)

    assert refused == ("refused", None)
    assert [role for role, place in places.items() if place["url"]] == ["flair"]
    assert show(api, mine) == ("ready", VOLUMES)


def test_a_refused_case_that_is_committed_as_it_is_lacks_its_file(
    api: Api, harness: ApiHarness, register: Register
) -> None:
    mine, _ = register(api, FILES | {"flair": ZEROS["flair"]})
    harness.drain(inspect)

    answer = api.post(f"/datasets/{mine}/commit")

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/cases/case-a/files/flair"]


def test_files_of_an_earlier_release_are_received_where_they_lie(
    api: Api, harness: ApiHarness, container: Container, store: MemoryStore
) -> None:
    dataset = api.post("/datasets", json={"name": "old"}).json()["id"]
    with container.write.begin() as session:
        files = {}
        for role, content in FILES.items():
            sha256 = hashlib.sha256(content).hexdigest()
            key = f"uploads/{dataset}/{sha256}"
            store.put(key, content)
            files[role] = {"key": key, "bytes": len(content), "sha256": sha256}
        session.add(Case(dataset_id=dataset, case_id="a", files=files, problems=[]))

    committed = api.post(f"/datasets/{dataset}/commit")
    harness.drain(inspect)

    assert committed.status_code == 202
    assert show(api, dataset) == ("ready", VOLUMES)
    assert harness.received[0].files["t1"].key.startswith("uploads/")


@pytest.mark.usefixtures("generator")
def test_a_job_for_the_hash_of_another_fails_and_gives_nothing(
    api: Api, stranger: Api, harness: ApiHarness, store: MemoryStore
) -> None:
    mask = {"seg": FILES["seg"]}
    mine = api.post("/syntheses", json={"upload": send(api, store, mask)}).json()["id"]
    harness.drain(play)
    claim = send(stranger, store, mask, put={"seg": ZEROS["seg"]})
    claimed = stranger.post("/syntheses", json={"upload": claim}).json()["id"]
    harness.drain(play)

    assert api.get(f"/jobs/{mine}").json()["state"] == "succeeded"
    job = stranger.get(f"/jobs/{claimed}").json()
    assert (job["state"], job["files"], job["error"]["file"]) == ("failed", {}, "seg")
    again = stranger.post("/syntheses", json={"upload": claim})
    assert again.status_code == 422
    assert "SHA-256" in again.json()["detail"]


@pytest.mark.usefixtures("generator")
def test_a_job_whose_upload_cannot_be_received_fails_and_another_may_try(
    api: Api, harness: ApiHarness, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send(api, store, {"seg": FILES["seg"]})
    first = api.post("/syntheses", json={"upload": upload}).json()["id"]
    with monkeypatch.context() as patch:
        patch.setattr("syntrust_gateway.orchestrator.retry.BACK_OFF", (_NO_TIME, _NO_TIME))
        patch.setattr(store, "copy", _damaged)
        harness.drain(play)
    second = api.post("/syntheses", json={"upload": upload}).json()["id"]
    harness.drain(play)

    failed = api.get(f"/jobs/{first}").json()
    assert (failed["state"], failed["error"]["type"]) == (
        "failed",
        "urn:syntrust:problem:object-damaged",
    )
    assert api.get(f"/jobs/{second}").json()["state"] == "succeeded"


@pytest.mark.usefixtures("generator")
def test_a_job_whose_upload_cannot_be_read_fails_alone(
    api: Api, harness: ApiHarness, store: MemoryStore, container: Container
) -> None:
    broken, whole = (send(api, store, {"seg": content}) for content in (b"one", b"two"))
    jobs = [
        api.post("/syntheses", json={"upload": upload}).json()["id"] for upload in (broken, whole)
    ]
    with container.write.begin() as session:
        session.get_one(Upload, broken).files = {"seg": {"key": "staging/1/x"}}
    harness.drain(play)

    states = [api.get(f"/jobs/{job}").json()["state"] for job in jobs]
    assert states == ["failed", "succeeded"]


def _damaged(source: str, target: str) -> None:
    raise ObjectDamaged(f"damaged: {source}, as it was copied to {target}")


@pytest.mark.usefixtures("generator")
def test_a_job_goes_on_when_another_that_waited_for_the_same_upload_is_cancelled(
    api: Api, harness: ApiHarness, store: MemoryStore
) -> None:
    upload = send(api, store, {"seg": FILES["seg"]})
    first, second = (api.post("/syntheses", json={"upload": upload}).json()["id"] for _ in range(2))
    harness.tick()
    api.post(f"/jobs/{first}/cancel")
    harness.drain(play)

    assert len(harness.received) == 1
    assert api.get(f"/jobs/{second}").json()["state"] == "succeeded"
    assert harness.kinds().count(Kind.INSPECT_CASE) == 1
