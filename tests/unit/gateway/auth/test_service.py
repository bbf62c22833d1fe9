from __future__ import annotations

import pytest
from sqlalchemy import select

from syntrust_core.errors import Conflict, Unauthenticated
from syntrust_gateway.auth import service as auth
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Audit, Client, Role

KEY = "k" * 40


def test_a_key_is_found_and_never_kept(container: Container) -> None:
    with container.write.begin() as session:
        key = auth.create_client(session, "hospital", Role.USER)

    with container.read() as session:
        caller = auth.authenticate(session, key)
        kept = session.scalars(select(Client)).one()
        audited = session.scalars(select(Audit)).one()

    assert (caller.name, caller.role) == ("hospital", Role.USER)
    assert len(key) > 40
    assert key not in f"{vars(kept)}{vars(audited)}"


def test_an_unknown_key_is_refused(container: Container) -> None:
    with container.read() as session, pytest.raises(Unauthenticated):
        auth.authenticate(session, "not-a-key-\udcff")


def test_a_name_is_given_once(container: Container) -> None:
    with container.write.begin() as session:
        auth.create_client(session, "hospital", Role.USER)

    with container.write.begin() as session, pytest.raises(Conflict, match="hospital"):
        auth.create_client(session, "hospital", Role.ADMIN)


def test_the_admin_key_may_be_set_again_and_changed(container: Container) -> None:
    for key in (KEY, KEY, KEY[::-1] + "2"):
        with container.write.begin() as session:
            auth.ensure_admin(session, key)

    with container.read() as session:
        caller = auth.authenticate(session, KEY[::-1] + "2")
        with pytest.raises(Unauthenticated):
            auth.authenticate(session, KEY)

    assert (caller.name, caller.role) == ("admin", Role.ADMIN)


def test_a_key_is_known_for_a_few_seconds_and_no_longer() -> None:
    now = [100.0]
    known = auth.KnownKeys(clock=lambda: now[0])
    caller = auth.Caller(id=1, name="hospital", role=Role.USER)

    known.remember(KEY, caller)

    assert known.caller(KEY) == caller
    assert known.caller(KEY[::-1] + "2") is None
    now[0] += auth.KNOWN_S
    assert known.caller(KEY) is None


@pytest.mark.parametrize(
    ("authorization", "x_api_key"),
    [("Bearer abc", None), ("bearer  abc ", "other"), (None, "abc")],
)
def test_a_key_comes_in_either_header(authorization: str | None, x_api_key: str | None) -> None:
    assert auth.read_key(authorization, x_api_key) == "abc"


@pytest.mark.parametrize("authorization", [None, "", "abc", "Basic abc", "Bearer ", "Bearer"])
def test_a_request_without_a_key_says_how_to_send_one(authorization: str | None) -> None:
    with pytest.raises(Unauthenticated, match="Authorization: Bearer"):
        auth.read_key(authorization, None)
