"""Announcing files for single jobs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.gateway.api_harness import key_of
from tests.unit.gateway.conftest import NOTHING, Api

from syntrust_core.contracts.uploads import STAGED_FOR
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Audit, Upload, utc_now
from syntrust_gateway.uploads.staging import list_staged

SEG = {"sha256": NOTHING, "bytes": 3}


def announce(api: Api, **files: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/uploads", json={"files": files})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_every_announced_file_has_a_random_place_in_its_clients_staging(
    api: Api, container: Container
) -> None:
    upload = announce(api, seg=SEG, prediction_real=SEG)
    again = announce(api, seg=SEG)

    places = (*upload["files"].values(), *again["files"].values())
    keys = {key_of(place["url"]) for place in places}
    with container.read() as session:
        owner = session.get_one(Upload, upload["id"]).owner
    assert len(keys) == 3
    assert all(re.fullmatch(rf"staging/{owner}/[0-9a-f]{{32}}", key) for key in keys)
    assert all("bytes=3&" in place["url"] for place in places)


def test_an_upload_says_what_has_arrived_at_its_full_size(api: Api, store: MemoryStore) -> None:
    upload = announce(api, seg=SEG, brain=SEG | {"sha256": "a" * 64, "bytes": 5})
    for place in upload["files"].values():
        store.put(key_of(place["url"]), b"xyz")

    body = api.get(f"/uploads/{upload['id']}").json()

    assert {role: file["arrived"] for role, file in body["files"].items()} == {
        "seg": True,
        "brain": False,
    }
    assert body["scheme"] == "auto"
    assert body["files"]["seg"]["url"] is None
    assert body["files"]["brain"]["url"] == upload["files"]["brain"]["url"]


def test_an_upload_of_another_is_as_good_as_none(api: Api, stranger: Api) -> None:
    upload = announce(api, seg=SEG)["id"]

    others = stranger.get(f"/uploads/{upload}")
    none = stranger.get("/uploads/no-such-upload")

    assert (others.status_code, none.status_code) == (404, 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"files": {}}, "/files"),
        ({"files": {"t3": SEG}}, "/files/t3"),
        ({"files": {"seg": SEG | {"bytes": 5 << 30}}}, "/files/seg/bytes"),
        ({"files": {"seg": SEG | {"sha256": "x"}}}, "/files/seg/sha256"),
        ({"files": {"seg": SEG}, "scheme": "unheard-of"}, "/scheme"),
    ],
)
def test_what_cannot_be_announced_is_refused_with_its_pointer(
    api: Api, body: dict[str, Any], pointer: str
) -> None:
    answer = api.post("/uploads", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_an_upload_is_written_into_the_audit_trail(api: Api, container: Container) -> None:
    upload = announce(api, seg=SEG)["id"]

    with container.read() as session:
        row = session.scalars(select(Audit).where(Audit.action == "upload.create")).one()
    assert (row.target, row.detail) == (upload, {"roles": ["seg"]})


def test_staged_objects_are_listed_by_their_age(store: MemoryStore) -> None:
    for key in ("staging/1/a", "staging/incoming/x/t1", "content/b"):
        store.put(key, b"x")
    now = utc_now()

    old = {item.key for item in list_staged(store, before=now + timedelta(seconds=1))}
    young = list(list_staged(store, before=now - STAGED_FOR))

    assert (old, young) == ({"staging/1/a", "staging/incoming/x/t1"}, [])
