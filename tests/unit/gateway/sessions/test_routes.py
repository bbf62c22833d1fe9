"""A browser that signs in with a key: what its cookie opens, and what ends it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update
from tests.unit.gateway.conftest import Api

from syntrust_core.errors import Unauthenticated
from syntrust_gateway.auth import keys, sessions
from syntrust_gateway.auth.lookup import KeyLookup
from syntrust_gateway.auth.service import Credential, NewKey, Shown
from syntrust_gateway.container import Container
from syntrust_gateway.db.auth_tables import ApiKey, Scope, WebSession
from syntrust_gateway.db.tables import Audit

# Both databases are asked in tests/integration/gateway/test_web_sessions.py.
pytestmark = pytest.mark.any_database
ORIGIN: Final = {"Origin": "http://gateway", "Sec-Fetch-Site": "same-origin"}


class Browser(Api):
    """A page of the platform in a browser that was signed in."""

    def __init__(self, app: FastAPI, answer: httpx.Response) -> None:
        super().__init__(app, None)
        self.token: str = answer.cookies[sessions.COOKIE]
        self.csrf: str = answer.json()["csrf_token"]

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        own = {"Cookie": f"theme=dark; {sessions.COOKIE}={self.token}", "X-CSRF-Token": self.csrf}
        headers = own | ORIGIN | options.pop("headers", {})
        sent = {name: value for name, value in headers.items() if value is not None}
        return super().request(method, path, headers=sent, **options)


def sign_in(api: Api, **options: Any) -> httpx.Response:
    return Api(api._app, None).post("/session", json={"key": api.key}, **options)


@pytest.fixture
def browser(app: FastAPI, api: Api) -> Browser:
    """The client `hospital`, signed in."""
    return Browser(app, sign_in(api))


def count(container: Container) -> int:
    with container.read() as session:
        return session.scalar(select(func.count()).select_from(WebSession)) or 0


def test_a_browser_signs_in_with_a_key_and_uses_the_platform_without_it(
    app: FastAPI, api: Api
) -> None:
    answer = sign_in(api)
    browser = Browser(app, answer)

    body = answer.json()
    assert answer.status_code == 201
    assert (body["client"], body["role"], body["scope"]) == ("hospital", "user", "run")
    assert browser.get("/session").json() == body
    made = browser.post("/datasets", json={"name": "d"})
    assert made.status_code == 201
    assert api.get(made.headers["location"]).status_code == 200
    assert api.key is not None
    assert api.key not in answer.text + str(answer.headers)


def test_the_cookie_is_for_this_origins_requests_alone(api: Api) -> None:
    cookie = sign_in(api).headers["set-cookie"]

    name, *attributes = cookie.split("; ")
    assert name.startswith("syntrust_session=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(attributes)
    assert "Secure" not in attributes
    (age,) = [int(each[8:]) for each in attributes if each.startswith("Max-Age=")]
    assert 12 * 3600 - 60 < age <= 12 * 3600


def test_over_tls_the_cookie_is_secure(app: FastAPI, api: Api) -> None:
    answer = Api(app, None).post("https://gateway/session", json={"key": api.key})

    assert "; Secure" in answer.headers["set-cookie"]


def test_behind_a_path_prefix_the_cookie_is_for_that_prefix(
    container: Container, app: FastAPI, api: Api
) -> None:
    app.root_path = "/syntrust"

    assert "; Path=/syntrust;" in sign_in(api).headers["set-cookie"]


def test_a_wrong_key_signs_nobody_in(nobody: Api, container: Container) -> None:
    for key in ("st_nobody", "é", " " * 200):
        answer = nobody.post("/session", json={"key": key})

        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert answer.json()["detail"] == "This API key is unknown."
    assert count(container) == 0


def test_the_refusal_of_a_body_does_not_repeat_the_key(nobody: Api) -> None:
    answer = nobody.post("/session", json={"key": "st_secret" * 40})

    assert answer.status_code == 422
    assert "st_secret" not in answer.text


def test_only_json_signs_in_so_no_form_of_another_page_can(nobody: Api, api: Api) -> None:
    form = {"Content-Type": "text/plain"}
    content = f'{{"key": "{api.key}"}}'

    assert nobody.post("/session", content=content, headers=form).status_code == 415


def test_nobody_makes_the_gateway_read_a_long_body(nobody: Api) -> None:
    assert nobody.post("/session", content=b" " * 5000).status_code == 413


def test_attempts_are_counted_by_address(with_changes: Callable[..., Api]) -> None:
    api = with_changes(sign_ins_per_minute=2)
    stranger = Api(api._app, None)

    answers = [stranger.post("/session", json={"key": "st_nobody"}) for _ in range(3)]

    assert [each.status_code for each in answers] == [401, 401, 429]
    assert "2 times a minute" in answers[-1].json()["detail"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert api.get("/datasets").status_code == 200


def test_without_a_session_nobody_is_told_of_one(nobody: Api, api: Api) -> None:
    made_up = {"Cookie": f"{sessions.COOKIE}=made-up"}

    assert nobody.get("/session").status_code == 401
    assert nobody.get("/session", headers=made_up).status_code == 401
    assert nobody.get("/datasets", headers=made_up).status_code == 401
    assert api.get("/session").status_code == 401
    assert api.delete("/session").status_code == 401


def test_a_key_is_no_session_and_a_token_is_no_key(
    app: FastAPI, browser: Browser, api: Api
) -> None:
    api.get("/datasets")
    browser.get("/datasets")  # both are remembered now

    cookie = Api(app, None).get("/datasets", headers={"Cookie": f"{sessions.COOKIE}={api.key}"})
    bearer = Api(app, browser.token).get("/datasets")

    assert (cookie.status_code, bearer.status_code) == (401, 401)


def test_a_key_in_a_header_comes_before_the_cookie(browser: Browser, stranger: Api) -> None:
    mine = browser.post("/datasets", json={"name": "d"}).headers["location"]
    theirs = {"X-API-Key": str(stranger.key), "X-CSRF-Token": None}

    assert browser.get(mine, headers=theirs).status_code == 404
    assert browser.post("/datasets", json={"name": "d"}, headers=theirs).status_code == 201
    assert browser.get(mine, headers={"X-API-Key": "wrong"}).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_needs_the_csrf_token(browser: Browser, method: str) -> None:
    for token in (None, b"", b"wrong", b"\xe9", browser.csrf[:-1].encode()):
        answer = browser.request(method, "/datasets", json={}, headers={"X-CSRF-Token": token})

        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:syntrust:problem:csrf-refused"
        assert "X-CSRF-Token" in answer.json()["detail"]


def test_reading_needs_no_csrf_token(browser: Browser) -> None:
    bare = {"X-CSRF-Token": None, "Origin": None, "Sec-Fetch-Site": None}

    for method in ("GET", "HEAD"):
        assert browser.request(method, "/datasets", headers=bare).status_code == 200
    # A link from elsewhere may lead here; a browser then sends no cookie of this kind anyway.
    assert browser.get("/datasets", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_no_page_of_another_origin_changes_anything_or_signs_in(browser: Browser, api: Api) -> None:
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "http://elsewhere"},
        {"Origin": "http://gateway:3000"},
        {"Origin": "http://gateway.elsewhere"},
        {"Origin": "null"},
    ):
        change = browser.post("/datasets", json={"name": "d"}, headers=headers)
        entry = sign_in(api, headers=headers)

        for answer in (change, entry):
            assert answer.status_code == 403
            assert answer.json()["type"] == "urn:syntrust:problem:foreign-page"
    assert browser.get("/datasets").json()["items"] == []


def test_a_change_from_a_program_that_names_no_origin_passes(browser: Browser) -> None:
    bare = {"Origin": None, "Sec-Fetch-Site": None}

    assert browser.post("/datasets", json={"name": "d"}, headers=bare).status_code == 201


def test_each_session_has_a_csrf_token_of_its_own(app: FastAPI, api: Api) -> None:
    first, second = (Browser(app, sign_in(api)) for _ in range(2))

    answer = first.post("/datasets", json={}, headers={"X-CSRF-Token": second.csrf})

    assert first.csrf != second.csrf
    assert answer.status_code == 403


def test_who_signs_out_is_out_and_others_stay(
    app: FastAPI, api: Api, browser: Browser, container: Container
) -> None:
    other = Browser(app, sign_in(api))

    answer = browser.delete("/session")

    assert answer.status_code == 204
    assert 'syntrust_session=""' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert browser.get("/datasets").status_code == 401
    assert other.get("/datasets").status_code == 200
    assert count(container) == 1


def revoke(api: Api, key_id: str) -> None:
    assert api.delete(f"/admin/keys/{key_id}").status_code == 200


def rotate(api: Api, key_id: str) -> None:
    assert api.post(f"/admin/keys/{key_id}/rotate").status_code == 201


def expire(api: Api, key_id: str) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    assert api.post(f"/admin/keys/{key_id}/expire", json={"expires": past}).status_code == 200


@pytest.mark.parametrize("finish", [revoke, rotate, expire])
def test_a_session_ends_at_the_next_request_after_its_key(
    admin: Api, browser: Browser, finish: Callable[[Api, str], None]
) -> None:
    (key,) = admin.get("/admin/keys", params={"client": "hospital"}).json()["items"]
    before = browser.get("/datasets").status_code

    finish(admin, key["id"])

    after = browser.get("/datasets")
    assert (before, after.status_code) == (200, 401)
    assert "Sign in" in after.json()["detail"]


def test_a_session_goes_with_the_row_of_its_key(browser: Browser, container: Container) -> None:
    with container.write.begin() as session:
        session.delete(session.scalars(select(ApiKey)).one())

    assert browser.get("/datasets").status_code == 401
    assert count(container) == 0


def test_a_session_ends_by_itself_though_nothing_is_written(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = browser.get("/datasets").status_code
    later = datetime.now(UTC) + timedelta(hours=12)

    monkeypatch.setattr("syntrust_gateway.auth.lookup.utc_now", lambda: later)

    assert (before, browser.get("/datasets").status_code) == (200, 401)


def test_a_session_lasts_no_longer_than_its_key(app: FastAPI, admin: Api, api: Api) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    told = admin.post("/admin/keys", json={"client": "hospital", "expires": soon}).json()

    body = sign_in(Api(app, told["key"])).json()

    assert datetime.fromisoformat(body["expires"]) == datetime.fromisoformat(told["expires"])


def test_a_session_opens_what_its_key_opens(app: FastAPI, container: Container, admin: Api) -> None:
    with container.write.begin() as session:
        key = keys.create(session, "root", NewKey(scope=Scope.SCORE)).key

    answer = sign_in(Api(app, key))

    browser = Browser(app, answer)
    assert (answer.json()["role"], answer.json()["scope"]) == ("user", "score")
    assert browser.get("/trust-factors").status_code == 200
    assert browser.get("/datasets").json()["needed_scope"] == "run"


def test_a_session_shows_nothing_of_another_client(
    app: FastAPI, browser: Browser, stranger: Api
) -> None:
    other = Browser(app, sign_in(stranger))
    made = browser.post("/datasets", json={"name": "d"}).headers["location"]

    assert other.get(made).status_code == 404
    assert other.get("/datasets").json()["items"] == []


def test_a_session_has_the_request_limit_of_its_client(app: FastAPI, api: Api, admin: Api) -> None:
    clients = {each["name"]: each["id"] for each in admin.get("/admin/clients").json()["items"]}
    two = {"max_requests_per_minute": 2}
    admin.request("PATCH", f"/admin/clients/{clients['hospital']}", json=two)
    browser = Browser(app, sign_in(api))

    answers = [each.get("/datasets").status_code for each in (browser, api, browser)]

    assert answers == [200, 200, 429]


def test_a_repeated_request_of_a_session_is_done_once(browser: Browser) -> None:
    key = {"Idempotency-Key": "one"}

    first, second = (browser.post("/datasets", json={"name": "d"}, headers=key) for _ in range(2))

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"


def test_signing_in_keeps_no_answer_for_repetitions(api: Api) -> None:
    key = {"Idempotency-Key": "one"}

    first, second = (sign_in(api, headers=key).json()["csrf_token"] for _ in range(2))

    assert first != second


def test_only_the_digest_of_a_token_is_kept(browser: Browser, container: Container) -> None:
    with container.read() as session:
        (row,) = session.scalars(select(WebSession))

    assert row.token_sha256 == hashlib.sha256(browser.token.encode()).hexdigest()
    assert browser.csrf not in str(vars(row))


def test_who_signed_in_and_out_is_in_the_audit_trail(
    browser: Browser, container: Container
) -> None:
    browser.delete("/session")

    with container.read() as session:
        rows = session.scalars(select(Audit).where(Audit.action.startswith("session."))).all()
        key = session.scalars(select(ApiKey.id)).one()
    assert [(row.action, row.client, row.target) for row in rows] == [
        ("session.create", "hospital", key),
        ("session.delete", "hospital", key),
    ]


def test_what_has_ended_is_forgotten_when_somebody_signs_in(
    browser: Browser, api: Api, container: Container
) -> None:
    with container.write.begin() as session:
        session.execute(update(WebSession).values(expires=datetime(2026, 1, 1, tzinfo=UTC)))

    sign_in(api)

    assert count(container) == 1


def test_a_key_has_so_many_sessions_and_the_oldest_goes(
    app: FastAPI, api: Api, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syntrust_gateway.auth.sessions.MOST_PER_KEY", 2)

    browsers = [Browser(app, sign_in(api)) for _ in range(3)]

    assert [each.get("/datasets").status_code for each in browsers] == [401, 200, 200]
    assert count(container) == 2


def test_a_session_that_another_process_ends_is_refused_at_the_next_request(
    browser: Browser, container: Container
) -> None:
    other = KeyLookup(container.read)
    credential = Credential(Shown.SESSION, browser.token)
    other.find(credential)

    browser.delete("/session")

    assert other.known(credential) is None
    with pytest.raises(Unauthenticated):
        other.find(credential)
