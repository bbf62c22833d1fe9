"""Keys, addresses and the environment: no secret in an error, and no detour to loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syntrust import Client, InvalidConfiguration
from syntrust.config import api_key, read_key, server_url
from syntrust.sending.sessions import Sessions, is_loopback

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"{SECRET}\n{SECRET}\n".encode(), "holds 2 lines; an API key is one line"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"admin_key": "' + SECRET.encode(), "begins as JSON and is none"),
        (b'["' + SECRET.encode() + b'"]', "holds neither admin_key nor key"),
        (b'{"admin_key": 7, "password": "' + SECRET.encode() + b'"}', "neither admin_key nor key"),
        (f'{{"key": "{SECRET}\\n{SECRET}"}}'.encode(), "holds 2 lines"),
        (SECRET.encode() + b"\xff", "is not UTF-8"),
        (f"{SECRET}é".encode(), "letters beyond ASCII"),
        (SECRET.encode() * 10_000, "too large for a key"),
    ],
)
def test_a_key_file_that_holds_no_key_is_refused_without_showing_it(
    tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)

    with pytest.raises(InvalidConfiguration, match=why) as refusal:
        read_key(file)

    assert str(file) in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_folder_is_no_key_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="cannot be read: Is a directory"):
        read_key(tmp_path)


@pytest.mark.parametrize("name", ["argument", "SYNTRUST_KEY"])
def test_a_key_of_two_lines_is_refused_wherever_it_comes_from(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = f"{SECRET}\n{SECRET}"
    monkeypatch.setenv("SYNTRUST_KEY", two)

    with pytest.raises(InvalidConfiguration, match="2 lines") as refusal:
        api_key(two if name == "argument" else None)

    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("url", ["foo", "http://[::1", "ftp://host", "//host", "http://"])
def test_an_address_that_is_no_url_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(InvalidConfiguration, match=r"write it as http://127\.0\.0\.1:8000"):
        server_url(url)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        server_url(f"ftp://me:{SECRET}@host")

    assert SECRET not in str(refusal.value)


DEAD = {
    "a SOCKS proxy": {"ALL_PROXY": "socks5://127.0.0.1:1"},
    "a proxy with an IPv6 address": {"HTTP_PROXY": "http://[::1"},
    "a proxy that does not answer": {"HTTP_PROXY": "http://127.0.0.1:1"},
    "an exception that is no host": {"NO_PROXY": "[::1],fe80::/10"},
    "certificates that are gone": {"SSL_CERT_FILE": "/nowhere"},
    "certificates that are none": {"SSL_CERT_FILE": "/etc/passwd"},
}


@pytest.mark.parametrize("variables", DEAD.values(), ids=DEAD)
def test_a_server_on_this_machine_is_reached_whatever_the_environment_says(
    server: Any, answer: Any, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    server.on("GET /health/ready", answer(body={"state": "ready"}))

    with Client(server.url, "key", pause=lambda _: None) as client:
        assert dict(client.health()) == {"state": "ready"}


SENTENCES = {
    "a SOCKS proxy": r"SOCKS proxy.*pip install 'httpx\[socks\]'",
    "a proxy with an IPv6 address": "A proxy of the environment cannot be used; HTTP_PROXY",
    "an exception that is no host": "NO_PROXY names hosts",
    "certificates that are gone": "certificates that SSL_CERT_FILE or SSL_CERT_DIR names",
    "certificates that are none": "certificates that SSL_CERT_FILE or SSL_CERT_DIR names",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_server_elsewhere_needs_an_environment_that_works(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in DEAD[name].items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidConfiguration, match=SENTENCES[name]):
        Client("http://gateway.example:8000", "key")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", True),  # noqa: S104 - as a server prints it
        ("10.0.0.1", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_presigned_url_elsewhere_goes_as_the_environment_says() -> None:
    sessions = Sessions()

    assert sessions.to("http://127.0.0.1:8000") is not sessions.to("http://storage.example:9000")
    assert sessions.to("http://127.0.0.1:8000") is sessions.to("http://localhost:9000")
    sessions.close()
