"""Keys by the routes of `/admin`: shown once, and in force or ended at the next request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from tests.unit.gateway.conftest import Api

from syntrust_gateway.container import Container
from syntrust_gateway.db.auth_tables import ApiKey

Made = tuple[Api, dict[str, Any]]


@pytest.fixture
def new_key(app: FastAPI, admin: Api, api: Api) -> Callable[..., Made]:
    """A further key of the client `hospital`, and what was told of it."""

    def make(**fields: Any) -> Made:
        answer = admin.post("/admin/keys", json={"client": "hospital"} | fields)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return Api(app, body["key"]), body

    return make


def test_a_key_is_shown_once_and_kept_by_no_cache(admin: Api, new_key: Callable[..., Made]) -> None:
    answer = admin.post("/admin/keys", json={"client": "root", "label": "for the night"})
    told = answer.json()

    later = admin.get(answer.headers["location"])

    assert answer.headers["cache-control"] == "no-store"
    assert later.json() == {name: value for name, value in told.items() if name != "key"}
    assert told["key"] not in admin.get("/admin/keys").text + admin.get("/admin/audit").text


def test_a_revoked_key_is_refused_at_the_next_request(
    admin: Api, new_key: Callable[..., Made]
) -> None:
    caller, told = new_key()
    before = caller.get("/datasets").status_code

    revoked = admin.delete(f"/admin/keys/{told['id']}")

    after = caller.get("/datasets")
    assert (before, after.status_code) == (200, 401)
    assert after.json()["detail"] == "This API key has been revoked."
    assert revoked.json()["state"] == "revoked"
    assert admin.delete(f"/admin/keys/{told['id']}").json() == revoked.json()


def test_a_rotated_key_ends_at_once_unless_it_may_overlap(
    app: FastAPI, admin: Api, new_key: Callable[..., Made]
) -> None:
    first, told = new_key(label="scanner", scope="score")

    second = admin.post(f"/admin/keys/{told['id']}/rotate").json()
    third = admin.post(f"/admin/keys/{second['id']}/rotate", json={"overlap_seconds": 60}).json()

    answers = [
        caller.get("/trust-factors").status_code
        for caller in (first, Api(app, second["key"]), Api(app, third["key"]))
    ]
    assert answers == [401, 200, 200]
    assert (third["label"], third["scope"], third["client"]) == ("scanner", "score", "hospital")
    old = admin.get(f"/admin/keys/{second['id']}").json()
    ends = datetime.fromisoformat(old["expires"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < ends <= timedelta(seconds=60)


def test_an_expired_key_is_refused_and_cannot_be_rotated(
    admin: Api, new_key: Callable[..., Made]
) -> None:
    caller, told = new_key()
    past = datetime.now(UTC) - timedelta(seconds=1)

    expired = admin.post(f"/admin/keys/{told['id']}/expire", json={"expires": past.isoformat()})

    assert expired.json()["state"] == "expired"
    assert caller.get("/datasets").json()["detail"] == "This API key has expired."
    assert admin.post(f"/admin/keys/{told['id']}/rotate").status_code == 409
    mended = admin.post(f"/admin/keys/{told['id']}/expire", json={"expires": None})
    assert mended.json()["state"] == "active"
    assert caller.get("/datasets").status_code == 200


def test_a_key_expires_by_itself_though_nothing_is_written(
    container: Container, new_key: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    caller, _ = new_key(expires=soon.isoformat())
    before = caller.get("/datasets").status_code

    monkeypatch.setattr("syntrust_gateway.auth.lookup.utc_now", lambda: soon)

    assert (before, caller.get("/datasets").status_code) == (200, 401)


def test_a_key_that_another_process_revokes_is_refused_at_the_next_request(
    container: Container, new_key: Callable[..., Made]
) -> None:
    caller, told = new_key()
    before = caller.get("/datasets").status_code

    with container.write.begin() as session:
        ended = update(ApiKey).where(ApiKey.id == told["id"])
        session.execute(ended.values(revoked=datetime.now(UTC)))

    assert (before, caller.get("/datasets").status_code) == (200, 401)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"client": "nobody"}, "/client"),
        ({"scope": "admin"}, "/scope"),
        ({"scope": "all"}, "/scope"),
        ({"expires": "2020-01-01T00:00:00Z"}, "/expires"),
        ({"expires": "2099-01-01T00:00:00"}, "/expires"),
        ({"label": "a\u0000b"}, "/label"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_its_field(
    admin: Api, api: Api, fields: dict[str, Any], pointer: str
) -> None:
    answer = admin.post("/admin/keys", json={"client": "hospital"} | fields)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_keys_are_listed_by_client_and_page(admin: Api, new_key: Callable[..., Made]) -> None:
    made = [new_key(label=str(n))[1]["id"] for n in range(3)]

    first = admin.get("/admin/keys", params={"client": "hospital", "limit": 3}).json()
    rest = admin.get(
        "/admin/keys", params={"client": "hospital", "limit": 3, "cursor": first["next"]}
    ).json()

    assert [each["id"] for each in first["items"]] == made[::-1]
    assert (len(rest["items"]), rest["next"]) == (1, None)


def test_an_unknown_key_is_not_found(admin: Api) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        assert admin.request(method, f"/admin/keys/nothing{path}").status_code == 404
