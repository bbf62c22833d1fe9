"""`ETag`, `If-None-Match` and `If-Match`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.gateway.conftest import Api

from syntrust_core.contracts.base import Progress, Ref
from syntrust_core.testing import MemoryCoordinator
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, RunState, Step
from syntrust_gateway.runs.tables import EXPERIMENTS

Post = Callable[..., httpx.Response]


@pytest.fixture
def experiment(post_experiment: Post) -> str:
    path: str = post_experiment().headers["location"]
    return path


def tag(api: Api, path: str) -> str:
    found: str = api.get(path).headers["etag"]
    return found


def test_what_has_not_changed_is_not_sent_again(api: Api, experiment: str) -> None:
    known = tag(api, experiment)

    again = api.get(experiment, headers={"If-None-Match": f'"other", {known}'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == known
    assert api.get(experiment, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_change_is_made_only_to_the_version_that_was_seen(
    api: Api, container: Container, experiment: str
) -> None:
    known = tag(api, experiment)
    with container.write.begin() as session:
        row = session.get_one(Experiment, experiment.rpartition("/")[2])
        row.state = RunState.RUNNING

    refused = api.post(f"{experiment}/cancel", headers={"If-Match": known})

    assert refused.status_code == 412
    assert refused.json()["type"].endswith(":changed-meanwhile")
    assert api.get(experiment).json()["state"] == "running"
    fresh = tag(api, experiment)
    assert api.post(f"{experiment}/cancel", headers={"If-Match": fresh}).status_code == 202
    assert api.get(experiment).json()["state"] == "cancelled"


def test_progress_changes_the_tag_and_not_the_version(
    api: Api, container: Container, coordinator: MemoryCoordinator, experiment: str
) -> None:
    known = tag(api, experiment)
    run = experiment.rpartition("/")[2]
    with container.write.begin() as session:
        session.add(Step(id="a" * 64, kind="inspect_case", message={}))
        link = EXPERIMENTS.links(experiment_id=run, step_id="a" * 64, position=0)
        session.add(link)
    coordinator.acquire_lease("a" * 64, "token")
    coordinator.report("a" * 64, Progress(done=1, total=2))

    assert tag(api, experiment) != known
    assert tag(api, experiment).partition(".")[0] == known.partition(".")[0]
    assert api.post(f"{experiment}/cancel", headers={"If-Match": known}).status_code == 202


@pytest.mark.parametrize(
    ("condition", "status"),
    [("*", 204), ('"other"', 412), ("W/{known}", 412), ("no tag", 412), ('"x.y", {known}', 204)],
)
def test_conditions_are_read_as_the_standard_has_them(
    api: Api, case_files: dict[str, Any], condition: str, status: int
) -> None:
    dataset = api.post("/datasets", json={"name": "d"}).headers["location"]
    api.post(f"{dataset}/cases", json={"id": "a", "files": case_files})
    known = tag(api, dataset)

    answer = api.delete(f"{dataset}/cases/a", headers={"If-Match": condition.format(known=known)})

    assert answer.status_code == status
    assert len(api.get(dataset).json()["cases"]) == (1 if status == 412 else 0)


def test_a_case_changes_the_version_of_its_dataset(api: Api, case_files: dict[str, Any]) -> None:
    dataset = api.post("/datasets", json={"name": "d"}).headers["location"]
    known = tag(api, dataset)

    first = api.post(
        f"{dataset}/cases", json={"id": "a", "files": case_files}, headers={"If-Match": known}
    )
    second = api.post(
        f"{dataset}/cases", json={"id": "b", "files": case_files}, headers={"If-Match": known}
    )

    assert (first.status_code, second.status_code) == (201, 412)


def test_a_change_of_limits_is_made_on_a_condition(admin: Api) -> None:
    path = f"/admin/clients/{admin.get('/admin/clients').json()['items'][0]['id']}"
    known = {"If-Match": tag(admin, path)}

    answers = [
        admin.request("PATCH", path, json={"max_running_steps": n}, headers=known).status_code
        for n in (1, 2)
    ]

    assert answers == [200, 412]


def test_a_key_is_revoked_on_a_condition(admin: Api) -> None:
    path = admin.post("/admin/keys", json={"client": "root"}).headers["location"]
    known = {"If-Match": tag(admin, path)}
    admin.post(f"{path}/expire", json={"expires": "2099-01-01T00:00:00Z"})

    assert admin.delete(path, headers=known).status_code == 412


def test_models_and_jobs_have_tags(api: Api, generator: Ref) -> None:
    assert tag(api, "/models/tiny").startswith('"0.')
    assert "etag" not in api.get("/models/nothing").headers
