from __future__ import annotations

import pytest
from sqlalchemy import select

from syntrust_core.errors import Conflict, Unauthenticated
from syntrust_gateway.auth import keys
from syntrust_gateway.auth import service as auth
from syntrust_gateway.container import Container
from syntrust_gateway.db.auth_tables import ApiKey, Scope
from syntrust_gateway.db.tables import Audit, Role

KEY = "k" * 40


def test_a_key_is_found_and_never_kept(container: Container) -> None:
    with container.write.begin() as session:
        key = auth.create_client(session, "hospital", Role.USER)

    with container.read() as session:
        caller = auth.authenticate(session, key)
        kept = session.scalars(select(ApiKey)).one()
        audited = session.scalars(select(Audit)).all()

    assert (caller.name, caller.role, caller.scope) == ("hospital", Role.USER, Scope.RUN)
    assert len(key) > 40
    assert key not in f"{vars(kept)}{[vars(row) for row in audited]}"


def test_an_unknown_key_is_refused(container: Container) -> None:
    with container.read() as session, pytest.raises(Unauthenticated):
        auth.authenticate(session, "not-a-key-\udcff")


def test_a_name_is_given_once(container: Container) -> None:
    with container.write.begin() as session:
        auth.create_client(session, "hospital", Role.USER)

    with container.write.begin() as session, pytest.raises(Conflict, match="hospital"):
        auth.create_client(session, "hospital", Role.ADMIN)


def test_an_admin_who_shows_a_lesser_key_is_a_client_like_any_other(container: Container) -> None:
    with container.write.begin() as session:
        auth.add_client(session, "root", Role.ADMIN)
        lesser = keys.create(session, "root", auth.NewKey(scope=Scope.RUN)).key

    with container.read() as session:
        caller = auth.authenticate(session, lesser)

    assert (caller.role, caller.scope, caller.may_see(caller.id + 1)) == (
        Role.USER,
        Scope.RUN,
        False,
    )


def test_the_admin_key_may_be_set_again_and_changed(container: Container) -> None:
    for key in (KEY, KEY, KEY[::-1] + "2"):
        with container.write.begin() as session:
            keys.ensure_admin(session, key)

    with container.read() as session:
        caller = auth.authenticate(session, KEY[::-1] + "2")
        with pytest.raises(Unauthenticated, match="revoked"):
            auth.authenticate(session, KEY)

    assert (caller.name, caller.role, caller.scope) == ("admin", Role.ADMIN, Scope.ADMIN)


def test_a_monitor_key_of_the_settings_is_good_for_monitoring_alone(container: Container) -> None:
    with container.write.begin() as session:
        keys.ensure_monitor(session, KEY)

    with container.read() as session:
        caller = auth.authenticate(session, KEY)

    assert (caller.name, caller.role, caller.scope) == ("monitor", Role.USER, Scope.MONITOR)


def test_an_admin_key_that_was_revoked_does_not_come_back_by_the_settings(
    container: Container,
) -> None:
    with container.write.begin() as session:
        keys.ensure_admin(session, KEY)
        ((row, _),) = keys.list_keys(session)
        keys.revoke(session, row.id)

    with container.write.begin() as session:
        keys.ensure_admin(session, KEY)

    with container.read() as session, pytest.raises(Unauthenticated, match="revoked"):
        auth.authenticate(session, KEY)


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
