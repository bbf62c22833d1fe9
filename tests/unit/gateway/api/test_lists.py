"""Names and tags can be changed, and lists are filtered by them; and how polls are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.unit.gateway.conftest import Api

from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, RunState


@pytest.fixture
def experiment(post_experiment: Callable[..., httpx.Response]) -> str:
    found: str = post_experiment(name="first", tags=["old"]).json()["id"]
    return found


def names(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def test_name_and_tags_of_a_dataset_are_changed_and_its_digest_is_not(
    api: Api, ready_dataset: str
) -> None:
    before = api.get(f"/datasets/{ready_dataset}")

    answer = api.request(
        "PATCH",
        f"/datasets/{ready_dataset}",
        json={"name": "Glioma 2026", "tags": ["pilot", "site-a", "pilot"]},
        headers={"If-Match": before.headers["etag"]},
    )

    body = answer.json()
    assert (body["name"], body["tags"]) == ("Glioma 2026", ["pilot", "site-a"])
    assert body["digest"] == before.json()["digest"]
    assert api.get(f"/datasets/{ready_dataset}").json() == body


def test_a_change_of_what_has_changed_meanwhile_is_refused(
    api: Api, ready_dataset: str, experiment: str
) -> None:
    for path in (f"/datasets/{ready_dataset}", f"/experiments/{experiment}"):
        seen = {"If-Match": api.get(path).headers["etag"]}

        first = api.request("PATCH", path, json={"tags": ["a"]}, headers=seen)
        second = api.request("PATCH", path, json={"tags": ["b"]}, headers=seen)

        assert (first.status_code, second.status_code) == (200, 412)
        assert api.get(path).json()["tags"] == ["a"]


def test_name_tags_and_priority_of_an_experiment_are_changed_one_by_one(
    api: Api, container: Container, experiment: str
) -> None:
    path = f"/experiments/{experiment}"
    with container.write.begin() as session:
        session.get_one(Experiment, experiment).state = RunState.SUCCEEDED
    before = api.get(path).json()

    api.request("PATCH", path, json={"name": "second"})
    api.request("PATCH", path, json={"tags": []})
    body = api.request("PATCH", path, json={"priority": 3}).json()

    assert body == {**before, "name": "second", "tags": [], "priority": 3}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"tags": [""]}, "/tags/0"),
        ({"tags": ["a\x07"]}, "/tags/0"),
        ({"tags": ["t"] * 21}, "/tags"),
        ({"name": ""}, "/name"),
        ({"tags": None}, "/tags"),
        ({"state": "ready"}, "/state"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    api: Api, ready_dataset: str, experiment: str, body: dict[str, Any], pointer: str
) -> None:
    for path in (f"/datasets/{ready_dataset}", f"/experiments/{experiment}"):
        answer = api.request("PATCH", path, json=body)

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_lists_are_filtered_by_name_state_and_tag(api: Api, ready_dataset: str) -> None:
    for name, tags in (("a", ["x"]), ("b", ["x", "y"]), ("100%", [])):
        api.post("/datasets", json={"name": name, "tags": tags})
        spec = {"dataset": ready_dataset, "alphas": [0], "name": name, "tags": tags}
        assert api.post("/experiments", json=spec).status_code == 202

    for path, state in (("/datasets", "open"), ("/experiments", "queued")):
        assert names(api.get(path, params={"name": "100%"})) == ["100%"]
        assert names(api.get(path, params={"tag": "x"})) == ["b", "a"]
        assert names(api.get(path, params={"tag": "y", "state": state})) == ["b"]
        assert names(api.get(path, params={"state": state})) == ["100%", "b", "a"]
        assert names(api.get(path, params={"name": "B"})) == []
        page = api.get(path, params={"tag": "x", "limit": 1}).json()
        assert names(api.get(path, params={"tag": "x", "cursor": page["next"]})) == ["a"]
    assert names(api.get("/datasets", params={"state": "ready"})) == ["d"]
    assert len(names(api.get("/experiments", params={"dataset": ready_dataset}))) == 3
    assert names(api.get("/experiments", params={"dataset": "another"})) == []
    assert names(api.get("/models", params={"name": "tiny"})) == ["tiny"]
    assert names(api.get("/models", params={"name": "huge"})) == []
    assert names(api.get("/jobs", params={"state": "queued", "kind": "synthesis"})) == []


def test_every_poll_of_what_is_live_says_when_to_look_again(
    api: Api, container: Container, experiment: str
) -> None:
    path = f"/experiments/{experiment}"
    polls = [path, f"{path}/twins", f"{path}/results", f"{path}/report.html"]

    live = [api.get(each) for each in polls]
    same = api.get(path, headers={"If-None-Match": live[0].headers["etag"]})
    with container.write.begin() as session:
        session.get_one(Experiment, experiment).state = RunState.CANCELLED
    ended = [api.get(each) for each in polls]

    assert [int(answer.headers["retry-after"]) > 0 for answer in live] == [True] * 4
    assert (same.status_code, int(same.headers["retry-after"]) > 0) == (304, True)
    assert [answer.headers.get("retry-after") for answer in ended] == [None] * 4
