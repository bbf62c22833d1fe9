"""Clients, the audit trail, usage and workers."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from os import getppid
from typing import Any

import pytest
from fastapi import FastAPI
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import Progress, Queue
from syntrust_core.testing import MemoryCoordinator
from syntrust_gateway.admin.usage import get_usage
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Step, StepState


def test_a_client_is_added_with_a_key_that_works(app: FastAPI, admin: Api) -> None:
    body = {"name": "clinic", "scope": "score", "label": "scanner"}

    answer = admin.post("/admin/clients", json=body)

    told = answer.json()
    assert (answer.status_code, told["name"], told["role"]) == (201, "clinic", "user")
    assert Api(app, told["key"]["key"]).get("/trust-factors").status_code == 200
    assert admin.get(answer.headers["location"]).json()["name"] == "clinic"
    assert admin.post("/admin/clients", json=body).status_code == 409
    names = [each["name"] for each in admin.get("/admin/clients?limit=1").json()["items"]]
    assert names == ["clinic"]


def test_limits_change_one_by_one_and_null_is_the_installations(admin: Api, api: Api) -> None:
    clients = admin.get("/admin/clients").json()["items"]
    path = f"/admin/clients/{next(c['id'] for c in clients if c['name'] == 'hospital')}"

    admin.request("PATCH", path, json={"max_stored_bytes": 5, "max_running_steps": 2})
    changed = admin.request("PATCH", path, json={"max_stored_bytes": None}).json()

    limits = [changed["max_stored_bytes"], changed["max_running_steps"]]
    assert limits == [None, 2]
    assert admin.request("PATCH", path, json={}).status_code == 422
    assert (
        admin.request("PATCH", "/admin/clients/99", json={"max_running_steps": 1}).status_code
        == 404
    )
    assert (
        admin.request("PATCH", "/admin/clients/x", json={"max_running_steps": 1}).status_code == 422
    )


def test_every_change_by_an_admin_leaves_an_audit_row(admin: Api) -> None:
    client = admin.post("/admin/clients", json={"name": "clinic"}).json()
    key = client["key"]["id"]
    admin.request("PATCH", f"/admin/clients/{client['id']}", json={"max_running_steps": 1})
    new = admin.post(f"/admin/keys/{key}/rotate").json()["id"]
    admin.post(f"/admin/keys/{new}/expire", json={"expires": None})
    admin.delete(f"/admin/keys/{new}")

    rows = admin.get("/admin/audit", params={"client": "root"}).json()["items"]

    assert [(row["action"], row["target"]) for row in reversed(rows)] == [
        ("client.create", "clinic"),
        ("key.create", key),
        ("client.limits", "clinic"),
        ("key.create", new),
        ("key.rotate", key),
        ("key.expire", new),
        ("key.revoke", new),
    ]


def test_the_audit_trail_is_filtered_and_paged(
    admin: Api, api: Api, case_files: dict[str, dict[str, Any]]
) -> None:
    dataset = api.post("/datasets", json={"name": "d"}).json()["id"]
    files = {
        role: {"sha256": "0" * 64, "bytes": 9} for role in ("t1", "t1ce", "t2", "flair", "seg")
    }
    api.post(f"/datasets/{dataset}/cases", json={"id": "a", "files": files})
    now = datetime.now(UTC)

    def actions(**query: Any) -> list[str]:
        page = admin.get("/admin/audit", params=query)
        assert page.status_code == 200, page.text
        return [row["action"] for row in page.json()["items"]]

    assert actions(target=dataset) == ["case.register", "dataset.create"]
    assert actions(target=dataset, action="case") == ["case.register"]
    assert actions(action="cas") == []
    assert actions(target=dataset[:-1]) == []
    assert actions(client="hospital", since=(now - timedelta(hours=1)).isoformat()) == [
        "case.register",
        "dataset.create",
    ]
    assert actions(until=(now - timedelta(hours=1)).isoformat()) == []
    first = admin.get("/admin/audit", params={"limit": 1}).json()
    second = admin.get("/admin/audit", params={"limit": 1, "cursor": first["next"]}).json()
    assert first["items"][0]["id"] > second["items"][0]["id"]


@pytest.mark.parametrize("query", [{"since": "2026-01-01"}, {"cursor": "?"}, {"limit": 0}])
def test_a_filter_that_cannot_be_read_is_refused(admin: Api, query: dict[str, Any]) -> None:
    assert admin.get("/admin/audit", params=query).status_code == 422


def test_a_step_is_charged_to_the_client_who_asked_first(
    container: Container, admin: Api, api: Api
) -> None:
    ids = {row["name"]: row["id"] for row in admin.get("/admin/clients").json()["items"]}
    now = datetime.now(UTC)
    with container.write.begin() as session:
        for n, (owner, age) in enumerate([(ids["hospital"], 0), (ids["hospital"], 2), (None, 0)]):
            session.add(
                Step(
                    id=f"{n:064d}",
                    kind="predict_cases",
                    message={},
                    state=StepState.DONE,
                    owner=owner,
                    seconds=1800.0,
                    bytes=7,
                    done_at=now - timedelta(hours=age),
                )
            )

    whole = admin.get("/admin/usage").json()["clients"]
    recent = admin.get(
        "/admin/usage", params={"since": (now - timedelta(hours=1)).isoformat()}
    ).json()["clients"]

    hospital, root, unknown = whole
    assert (hospital["client"], root["client"], unknown["client"]) == ("hospital", "root", None)
    assert hospital["by_kind"] == {"predict_cases": {"steps": 2, "device_hours": 1.0}}
    assert (hospital["steps"], hospital["device_hours"]) == (2, 1.0)
    assert (hospital["computed_bytes"], root["computed_bytes"]) == (14, 0)
    assert unknown["steps"] == 1
    assert (recent[0]["steps"], recent[0]["computed_bytes"]) == (1, 14)


def test_the_orchestrator_charges_a_step_when_it_is_done(
    harness: OrchestratorHarness, ready: str
) -> None:
    with harness.read() as session:
        (client,) = get_usage(session, None, None).clients

    inspected = client.by_kind
    assert sum(kind.steps for kind in inspected.values()) == client.steps > 0
    assert client.computed_bytes > 0
    assert client.uploaded_bytes > 0


def test_workers_are_listed_with_what_they_compute(
    admin: Api, coordinator: MemoryCoordinator, container: Container
) -> None:
    host, process = socket.gethostname(), getppid()
    for n in range(2):
        coordinator.worker_alive(Queue.METRICS, f"metrics-{host}-{process}-{n}")
    coordinator.worker_alive(Queue.GENERATOR, f"generator-{host}-1-0")
    coordinator.acquire_lease("a" * 64, "token")
    coordinator.report("a" * 64, Progress(done=1, total=2))
    with container.write.begin() as session:
        session.add(Step(id="a" * 64, kind="inspect_case", message={}, owner=1))

    told = admin.get("/admin/workers").json()

    generator, metrics = told["items"]
    assert (generator["host"], generator["processes"], generator["running"]) == (host, 1, [])
    assert (metrics["name"], metrics["processes"]) == (f"metrics-{host}-{process}", 2)
    (running,) = metrics["running"]
    assert (running["step"], running["kind"], running["progress"]["done"]) == (
        "a" * 64,
        "inspect_case",
        1,
    )
    assert told["elsewhere"] == []


def test_a_step_whose_worker_is_silent_is_told_too(
    admin: Api, coordinator: MemoryCoordinator
) -> None:
    coordinator.acquire_lease("a" * 64, "token")

    told = admin.get("/admin/workers").json()

    assert told["items"] == []
    assert [(each["step"], each["kind"]) for each in told["elsewhere"]] == [("a" * 64, None)]
