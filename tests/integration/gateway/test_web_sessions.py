"""Signing in with a browser, at real processes of the gateway on both kinds of database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from syntrust_core.settings import StorageSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, session_factory
from syntrust_gateway.db.tables import Role
from syntrust_standalone.servers import find_free_ports, http_answers

ADMIN_KEY: Final = "an-admin-key-of-thirty-two-characters-and-more"
PATIENCE_S: Final = 240.0
TRUSTED: Final = '["127.0.0.2/32"]'


@dataclass(frozen=True)
class Platform:
    """Two processes of the gateway on one database, and a client's key."""

    urls: tuple[str, str]
    key: str
    storage: StorageSettings


@contextmanager
def serving(env: dict[str, str], port: int, log: Path) -> Iterator[str]:
    """Start a gateway; it may not answer yet."""
    command = [sys.executable, "-m", "syntrust_gateway", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def wait_for(url: str, log: Path) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while time.monotonic() < deadline:
        if http_answers(int(url.rpartition(":")[2]), "/health/live"):
            return
        pause.wait(0.2)
    pytest.fail(f"the gateway did not start: {log.read_text()}")


@pytest.fixture
def platform(
    database_url: str, storage: StorageSettings, valkey_url: str, tmp_path: Path
) -> Iterator[Platform]:
    migrate(database_url)
    engine = make_engine(database_url)
    with session_factory(engine).begin() as session:
        key = create_client(session, "hospital", Role.USER)
    engine.dispose()
    ports = find_free_ports(2)
    env = {
        **os.environ,
        "SYNTRUST_STORAGE__BROWSER_ORIGINS": json.dumps([f"http://127.0.0.1:{p}" for p in ports]),
        "SYNTRUST_STORAGE__ENDPOINT": storage.endpoint,
        "SYNTRUST_STORAGE__BUCKET": storage.bucket,
        "SYNTRUST_STORAGE__ACCESS_KEY": storage.access_key,
        "SYNTRUST_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
        "SYNTRUST_QUEUE__URL": valkey_url,
        "SYNTRUST_GATEWAY__DATABASE_URL": database_url,
        "SYNTRUST_GATEWAY__ADMIN_KEY": ADMIN_KEY,
        "SYNTRUST_GATEWAY__TRUSTED_PROXIES": TRUSTED,
    }
    logs = (tmp_path / "first.log", tmp_path / "second.log")
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(serving(env, port, log))
            for port, log in zip(ports, logs, strict=True)
        )
        for url, log in zip((first, second), logs, strict=True):
            wait_for(url, log)
        yield Platform((first, second), key, storage)


def sign_in(url: str, key: str, **options: Any) -> tuple[httpx.Client, httpx.Response]:
    """A browser with the cookie and the CSRF token of a new session."""
    origin = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    browser = httpx.Client(base_url=url, headers=origin, timeout=60, **options)
    answer = browser.post("/session", json={"key": key})
    if answer.status_code == 201:
        browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return browser, answer


def test_a_browser_signs_in_works_and_is_out_when_its_key_is(platform: Platform) -> None:
    first, second = platform.urls
    admin = {"Authorization": f"Bearer {ADMIN_KEY}"}
    browser, answer = sign_in(first, platform.key)
    other, _ = sign_in(first, ADMIN_KEY)
    second_page = httpx.Client(base_url=second, cookies=browser.cookies)
    with closing(browser), closing(other), second_page as elsewhere:
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert platform.key not in answer.text + answer.headers["set-cookie"]
        made = browser.post("/datasets", json={"name": "d"})
        assert made.status_code == 201
        bare = browser.post("/datasets", json={"name": "d"}, headers={"X-CSRF-Token": ""})
        assert bare.status_code == 403
        foreign = browser.post("/datasets", json={"name": "d"}, headers={"Origin": "http://x"})
        assert foreign.status_code == 403
        # Each process knows the session, and the one behind the other's page too.
        assert elsewhere.get(made.headers["location"]).status_code == 200
        assert other.get("/session").json()["role"] == "admin"

        (key,) = httpx.get(
            f"{second}/admin/keys", params={"client": "hospital"}, headers=admin
        ).json()["items"]
        assert httpx.delete(f"{second}/admin/keys/{key['id']}", headers=admin).status_code == 200

        for page in (browser, elsewhere):
            assert page.get("/session").status_code == 401
        assert other.delete("/session").status_code == 204
        assert other.get("/session").status_code == 401
        late, refused = sign_in(first, platform.key)
        with closing(late):
            assert refused.status_code == 401


def test_who_signs_out_at_one_process_is_out_at_the_other(platform: Platform) -> None:
    first, second = platform.urls
    browser, answer = sign_in(first, platform.key)
    token = {"syntrust_session": answer.cookies["syntrust_session"]}
    with closing(browser), httpx.Client(base_url=second, cookies=token) as elsewhere:
        assert elsewhere.get("/datasets").status_code == 200

        assert browser.delete("/session").status_code == 204

        assert elsewhere.get("/datasets").status_code == 401
        assert "syntrust_session" not in browser.cookies


def test_the_cookie_is_secure_if_a_trusted_proxy_says_that_the_caller_came_by_tls(
    platform: Platform,
) -> None:
    url = platform.urls[0]
    forwarded = {"X-Forwarded-Proto": "https"}
    from_proxy = httpx.HTTPTransport(local_address="127.0.0.2")
    with (
        httpx.Client(base_url=url, transport=from_proxy, headers=forwarded) as proxy,
        httpx.Client(base_url=url, headers=forwarded) as stranger,
    ):
        cookies = [
            each.post("/session", json={"key": platform.key}).headers["set-cookie"]
            for each in (proxy, stranger)
        ]

    assert ["Secure" in cookie for cookie in cookies] == [True, False]


def test_the_page_of_this_gateway_and_no_other_may_use_the_stores_links(
    platform: Platform,
) -> None:
    url = platform.urls[1]
    store = S3Store(platform.storage)
    link = store.presign_get("key", expires=timedelta(minutes=5))
    policy = httpx.get(url).headers["content-security-policy"]

    def allowed(origin: str, method: str) -> bool:
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        answer = httpx.options(link, headers=asked)
        return bool(answer.headers.get("access-control-allow-origin") == origin)

    assert [allowed(url, method) for method in ("GET", "PUT")] == [True, True]
    assert not allowed("http://elsewhere.example", "GET")
    assert f" {platform.storage.endpoint} " in policy
