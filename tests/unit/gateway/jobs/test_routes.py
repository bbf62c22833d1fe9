"""Jobs: accepted, driven by the orchestrator, watched, cancelled. Here each is a synthesis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from tests.unit.gateway.api_harness import ApiHarness, key_of, refuse, send
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.job_documents import TWIN

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.experiment_steps import InspectCase, SynthesiseCase
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Audit

pytestmark = pytest.mark.usefixtures("generator")
MASK = {"seg": b"a mask", "brain": b"a brain"}


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def post(api: Api, store: MemoryStore) -> Callable[..., dict[str, Any]]:
    """A synthesis for an upload of its own; the job as it was answered."""

    def make(files: dict[str, bytes] = MASK, **fields: Any) -> dict[str, Any]:
        body = {"upload": send(api, store, files), **fields}
        answer = api.post("/syntheses", json=body)
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        return job

    return make


def test_an_accepted_job_says_where_to_watch_it_and_what_it_will_do(
    api: Api, store: MemoryStore, generator: Ref
) -> None:
    upload = send(api, store, MASK)

    answer = api.post("/syntheses", json={"upload": upload})

    job = answer.json()
    where = f"/jobs/{job['id']}"
    assert answer.status_code == 202
    assert (answer.headers["Location"], answer.headers["Content-Location"]) == (where, where)
    assert int(answer.headers["Retry-After"]) > 0
    assert (job["kind"], job["state"], job["queue_position"]) == ("synthesis", "queued", 0)
    assert job["request"]["generator"] == {
        "name": "tiny",
        "model": {"kind": "imported_model", "id": generator.id},
        "sampler": "ddim",
        "steps": 10,
        "seed": 0,
        "precision": "fp32",
    }


def test_a_synthesis_inspects_on_the_generators_grid_draws_and_takes_back(
    harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    post(generator={"steps": 5, "sampler": "dpm++2m", "seed": 3}, twin=2)

    harness.drain()

    inspect, draw = harness.computed[:2]
    assert harness.kinds() == [Kind.INSPECT_CASE, Kind.SYNTHESISE_CASE, Kind.EXPORT_IMAGES]
    assert isinstance(inspect, InspectCase)
    assert isinstance(draw, SynthesiseCase)
    assert (inspect.purpose, set(inspect.files)) == ("mask", {"seg", "brain"})
    assert inspect.model_dump(mode="json")["grid"]["shape"] == [64, 64, 64]
    assert (draw.steps, draw.sampler, draw.seed, draw.twin) == (5, "dpm++2m", 3, 2)


def test_a_mask_that_is_to_be_resized_is_inspected_as_it_is(
    harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    post(fit="resize")

    harness.drain()

    inspect, draw, _ = (message.model_dump(mode="json") for message in harness.computed)
    assert (inspect["grid"], draw["fit"]) == ("native", "resize")


def test_a_job_that_has_succeeded_links_to_its_files_and_gives_its_document(
    api: Api, store: MemoryStore, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    early = api.get(f"/jobs/{job}/result")
    harness.drain()

    body = api.get(f"/jobs/{job}").json()
    result = api.get(f"/jobs/{job}/result")

    assert early.status_code == 409
    assert (body["state"], body["error"]) == ("succeeded", None)
    assert body["steps"] == body["steps"] | {"done": 4, "total": 4}
    assert set(body["files"]) == {"t1.nii.gz", "twin.json", "case.json"}
    assert body["warnings"] == [
        "seg: 9 voxels lie outside the grid.",
        "Computed at 3x3x3 mm and brought back to the grid of the upload.",
    ]
    link = body["files"]["twin.json"]
    assert store.get(key_of(link["url"])) == result.content
    assert (link["bytes"], result.json()) == (len(result.content), TWIN)


def test_a_running_step_is_shown_with_its_progress(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    harness.receive()
    harness.lease_next()
    harness.tick()

    body = api.get(f"/jobs/{job}").json()

    assert (body["state"], body["queue_position"]) == ("running", None)
    assert [step["kind"] for step in body["running"]] == ["inspect_case"]


def test_a_job_waits_in_the_queue_while_its_upload_is_received(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    harness.tick()
    harness.lease_next()
    harness.tick()

    body = api.get(f"/jobs/{job}").json()

    assert (body["state"], body["queue_position"]) == ("queued", 0)
    assert [step["kind"] for step in body["running"]] == ["receive_upload"]


def test_a_refused_mask_fails_its_job_with_the_file_and_nothing_is_drawn(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post({"seg": b"a mask"})["id"]

    harness.drain(refuse)

    body = api.get(f"/jobs/{job}").json()
    assert body["state"] == "failed"
    assert body["error"]["type"] == "urn:syntrust:problem:case-refused"
    assert body["error"]["errors"] == [
        {"pointer": "/files/brain", "detail": "A brain mask is needed."}
    ]
    assert harness.kinds() == [Kind.INSPECT_CASE]


def test_a_mask_that_was_refused_is_refused_again_without_another_look(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    post()
    harness.drain(refuse)
    harness.computed.clear()

    again = post()["id"]
    harness.drain()

    assert api.get(f"/jobs/{again}").json()["state"] == "failed"
    assert harness.kinds() == []


def test_content_that_is_not_what_was_announced_fails_the_job_and_can_be_mended(
    api: Api, store: MemoryStore, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    upload = send(api, store, MASK, put={"seg": b"a mess"})
    damaged = api.post("/syntheses", json={"upload": upload}).json()["id"]
    harness.drain()

    mended = post()["id"]
    harness.drain()

    error = api.get(f"/jobs/{damaged}").json()["error"]
    assert (error["file"], error["field"]) == ("seg", "sha256")
    assert error["type"] == "urn:syntrust:problem:invalid-volume"
    files = api.get(f"/uploads/{upload}").json()["files"]
    assert files["seg"]["problem"] == error["detail"]
    assert (files["seg"]["url"], files["brain"]["problem"]) == (None, None)
    assert api.get(f"/jobs/{mended}").json()["state"] == "succeeded"


def test_equal_jobs_of_different_callers_are_computed_once(
    stranger: Api, store: MemoryStore, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    post()
    other = stranger.post("/syntheses", json={"upload": send(stranger, store, MASK)}).json()["id"]

    harness.drain()

    assert len(harness.computed) == 3
    assert stranger.get(f"/jobs/{other}").json()["state"] == "succeeded"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"upload": "01a20451-c6f4-76c2-9217-9ac7a2fec8a5"}, "/upload"),
        ({"upload": "no id"}, "/upload"),
        ({"generator": {"model": "unheard-of"}}, "/generator/model"),
        ({"generator": {"model": "../names"}}, "/generator/model"),
        ({"generator": {"steps": 251}}, "/generator/steps"),
        ({"generator": {"sampler": "euler"}}, "/generator/sampler"),
        ({"twin": 100}, "/twin"),
        ({"fit": "stretch"}, "/fit"),
        ({"stray": 1}, "/stray"),
    ],
)
def test_a_field_that_cannot_be_met_is_refused_with_its_pointer(
    api: Api, store: MemoryStore, fields: dict[str, Any], pointer: str
) -> None:
    answer = api.post("/syntheses", json={"upload": send(api, store, MASK), **fields})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("held", "reason"), [(None, "has not arrived"), (b"cut off", "7 bytes; 6 were announced")]
)
def test_a_file_that_has_not_arrived_whole_is_named(
    api: Api, store: MemoryStore, held: bytes | None, reason: str
) -> None:
    file = {"sha256": "a" * 64, "bytes": 6}
    upload = api.post("/uploads", json={"files": {"seg": file}}).json()
    if held is not None:
        store.put(key_of(upload["files"]["seg"]["url"]), held)

    answer = api.post("/syntheses", json={"upload": upload["id"]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/upload"
    assert reason in answer.json()["detail"]
    assert "seg" in answer.json()["detail"]


def test_an_upload_without_a_mask_is_refused(api: Api, store: MemoryStore) -> None:
    answer = api.post("/syntheses", json={"upload": send(api, store, {"t1": b"x"})})

    assert answer.status_code == 422
    assert "no file seg" in answer.json()["detail"]


def test_jobs_of_another_are_as_good_as_none(
    api: Api, stranger: Api, admin: Api, store: MemoryStore, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    taken = stranger.post("/syntheses", json={"upload": send(api, store, MASK)})

    answers = [
        stranger.get(f"/jobs/{job}"),
        stranger.get(f"/jobs/{job}/result"),
        stranger.post(f"/jobs/{job}/cancel"),
        stranger.get("/jobs/no-such-job"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert taken.status_code == 422
    assert stranger.get("/jobs").json()["items"] == []
    assert [item["id"] for item in admin.get("/jobs").json()["items"]] == [job]


def test_jobs_are_listed_newest_first_a_page_at_a_time(
    api: Api, post: Callable[..., dict[str, Any]]
) -> None:
    made = [post()["id"] for _ in range(3)]

    first = api.get("/jobs", params={"limit": 2}).json()
    second = api.get("/jobs", params={"limit": 2, "cursor": first["next"]}).json()

    assert [item["id"] for item in (*first["items"], *second["items"])] == made[::-1]
    assert second["next"] is None


def test_a_cancelled_job_stops_its_running_step_and_stays_cancelled(
    api: Api,
    coordinator: MemoryCoordinator,
    harness: ApiHarness,
    post: Callable[..., dict[str, Any]],
) -> None:
    job = post()["id"]
    harness.tick()
    running = harness.lease_next()

    first = api.post(f"/jobs/{job}/cancel")
    again = api.post(f"/jobs/{job}/cancel")
    harness.tick()

    assert (first.status_code, again.status_code) == (202, 202)
    assert api.get(f"/jobs/{job}").json()["state"] == "cancelled"
    assert coordinator.cancelled(running)


def test_a_step_that_another_job_wants_goes_on(
    api: Api,
    coordinator: MemoryCoordinator,
    harness: ApiHarness,
    post: Callable[..., dict[str, Any]],
) -> None:
    first, second = post()["id"], post()["id"]
    harness.receive()
    running = harness.lease_next()

    api.post(f"/jobs/{first}/cancel")
    harness.tick()

    assert not coordinator.cancelled(running)
    assert api.get(f"/jobs/{second}").json()["state"] == "running"


def test_a_job_that_has_ended_cannot_be_cancelled(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    harness.drain()

    answer = api.post(f"/jobs/{job}/cancel")

    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/uploads", "post", {"201", "401", "415", "422", "503"}),
        ("/syntheses", "post", {"202", "401", "415", "422", "503"}),
        ("/segmentations", "post", {"202", "401", "409", "415", "422", "503"}),
        ("/trust-score/volumes", "post", {"202", "401", "415", "422", "503"}),
        ("/models", "post", {"202", "401", "409", "415", "422", "503"}),
        ("/models/{model_id}", "get", {"200", "401", "404", "503"}),
        ("/models/{model_id}/bundle", "post", {"202", "401", "404", "422", "503"}),
        ("/jobs/{job_id}", "get", {"200", "401", "404", "503"}),
        ("/jobs/{job_id}/result", "get", {"200", "401", "404", "409", "503"}),
        ("/jobs/{job_id}/cancel", "post", {"202", "401", "404", "409", "503"}),
    ],
)
def test_openapi_documents_how_each_request_may_end(
    app: FastAPI, path: str, method: str, statuses: set[str]
) -> None:
    assert statuses <= set(app.openapi()["paths"][path][method]["responses"])


def test_jobs_are_counted_by_state_for_prometheus(
    admin: Api, post: Callable[..., dict[str, Any]]
) -> None:
    post()

    assert 'syntrust_jobs{state="queued"} 1.0' in admin.get("/metrics").text.splitlines()


def test_jobs_are_written_into_the_audit_trail(
    api: Api, container: Container, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    api.post(f"/jobs/{job}/cancel")

    with container.read() as session:
        query = select(Audit.action).where(Audit.target == job).order_by(Audit.id)
        actions = session.scalars(query).all()
    assert list(actions) == ["job.create", "job.cancel"]
