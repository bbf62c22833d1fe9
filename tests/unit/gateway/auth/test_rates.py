"""The rate of requests, and what a client stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update
from tests.unit.gateway.api_harness import send
from tests.unit.gateway.conftest import Api

from syntrust_core.testing import MemoryStore
from syntrust_gateway.auth.quotas import ClientLimits, describe_room, read_limits, stored_bytes
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Client, Experiment, RunState, Step, Upload

WithChanges = Callable[..., Api]


def change_client(container: Container, **limits: int | None) -> None:
    with container.write.begin() as session:
        session.execute(update(Client).where(Client.name == "hospital").values(**limits))


def announce(api: Api, size: int) -> Any:
    files = {"seg": {"sha256": f"{size:064d}", "bytes": size}}
    return api.post("/uploads", json={"files": files})


def test_a_client_that_asks_too_often_must_wait(with_changes: WithChanges) -> None:
    api = with_changes(limits=ClientLimits(requests_per_minute=3))

    answers = [api.get("/trust-factors") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    problem = answers[-1].json()
    assert problem["type"] == "urn:syntrust:problem:rate-limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert problem["retry_after_s"] == int(answers[-1].headers["retry-after"])
    assert "3 requests a minute" in problem["detail"]
    assert api.get("/health/live").status_code == 200


def test_a_client_may_have_a_limit_of_its_own(
    with_changes: WithChanges, container: Container
) -> None:
    change_client(container, max_requests_per_minute=1)
    api = with_changes()

    assert [api.get("/trust-factors").status_code for _ in range(2)] == [200, 429]


def test_without_a_limit_nothing_is_counted(with_changes: WithChanges) -> None:
    api = with_changes(limits=ClientLimits())

    assert {api.get("/trust-factors").status_code for _ in range(5)} == {200}


def test_an_upload_over_the_limit_is_refused_and_leaves_nothing(
    with_changes: WithChanges, container: Container
) -> None:
    api = with_changes(limits=ClientLimits(stored_bytes=100))

    fits, too_much = announce(api, 100), announce(api, 1)

    assert (fits.status_code, too_much.status_code) == (201, 429)
    problem = too_much.json()
    assert problem["type"] == "urn:syntrust:problem:quota-exceeded"
    assert (problem["limit_bytes"], too_much.headers["retry-after"]) == (100, "3600")
    assert "Delete datasets" in problem["detail"]
    with container.read() as session:
        assert session.scalars(select(Upload.bytes)).all() == [100]


def test_cases_count_once_for_the_owner_of_their_dataset(
    with_changes: WithChanges, container: Container, case_files: dict[str, Any]
) -> None:
    size = sum(file["bytes"] for file in case_files.values())
    api = with_changes(limits=ClientLimits(stored_bytes=size))
    path = f"{api.post('/datasets', json={'name': 'd'}).headers['location']}/cases"

    answers = [api.post(path, json={"id": case, "files": case_files}) for case in "aab"]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    with container.read() as session:
        assert session.scalars(select(Case.bytes)).all() == [size]


def test_results_count_too_and_a_clients_own_limit_comes_first(
    with_changes: WithChanges, container: Container
) -> None:
    change_client(container, max_stored_bytes=1000)
    with container.write.begin() as session:
        owner = session.scalars(select(Client.id).where(Client.name == "hospital")).one()
        session.add(Step(id="a" * 64, kind="k", message={}, owner=owner, bytes=950))
    api = with_changes(limits=ClientLimits(stored_bytes=10))

    assert [announce(api, size).status_code for size in (51, 50)] == [429, 201]


def test_who_has_used_up_the_bytes_starts_and_retries_no_run(
    with_changes: WithChanges, container: Container, store: MemoryStore, ready_dataset: str
) -> None:
    mask = send(with_changes(), store, {"seg": b"mask"})
    body = {"dataset": ready_dataset, "alphas": [0]}
    failed = with_changes().post("/experiments", json=body).json()["id"]
    with container.write.begin() as session:
        session.get_one(Experiment, failed).state = RunState.FAILED
    api = with_changes(limits=ClientLimits(stored_bytes=1))

    answers = [
        api.post("/experiments", json=body),
        api.post("/syntheses", json={"upload": mask}),
        api.post(f"/experiments/{failed}/retry"),
    ]
    told = api.post("/experiments?dry_run=true", json=body).json()["room"]

    assert {answer.status_code for answer in answers} == {429}
    details = {answer.json()["detail"] for answer in answers}
    assert details == {told}
    assert "Delete datasets" in told
    assert len(api.get("/experiments").json()["items"]) == 1


def test_a_dry_run_tells_that_an_experiment_would_not_fit(
    container: Container, ready_dataset: str
) -> None:
    with container.read() as session:
        owner = session.scalars(select(Client.id).where(Client.name == "hospital")).one()
        stored = stored_bytes(session, owner).total

        assert describe_room(session, owner, stored + 10, 10) is None
        assert describe_room(session, owner, None, 10) is None
        assert describe_room(session, owner, stored + 10, None) is None
        told = describe_room(session, owner, stored + 10, 11)

    assert told == f"You may store {stored + 10} bytes and would have about {stored + 11}."


def test_limits_are_the_clients_own_or_the_installations(container: Container, api: Api) -> None:
    change_client(container, max_running_steps=2)

    with container.read() as session:
        (limits,) = read_limits(session, ClientLimits(8, 9, 10)).values()

    assert limits == ClientLimits(running_steps=2, stored_bytes=9, requests_per_minute=10)
