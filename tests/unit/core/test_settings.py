"""What settings accept, and that they print no secret."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from syntrust_core.settings import QueueSettings, Settings, StorageSettings

QUEUE = "redis://:hidden@127.0.0.1:6379/0"


def _storage(*origins: str) -> StorageSettings:
    return StorageSettings(
        endpoint="http://127.0.0.1:1",
        access_key="key",
        secret_key=SecretStr("hidden"),
        browser_origins=origins,
    )


def test_no_web_page_is_let_in_by_default() -> None:
    assert _storage().browser_origins == ()


@pytest.mark.parametrize(
    "origin", ["https://a.example", "http://localhost:3000", "http://[::1]:80"]
)
def test_an_origin_is_scheme_host_and_port(origin: str) -> None:
    assert _storage(origin).browser_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*", "null", "a.example", "https://a.example/", "ftp://a", "https://u@a", ""],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="browser_origins"):
        _storage(origin)


def test_the_password_of_the_queue_is_not_printed() -> None:
    assert "hidden" not in repr(QueueSettings(url=QUEUE))


def test_an_error_of_one_setting_prints_no_key_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTRUST_STORAGE__ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("SYNTRUST_STORAGE__SECRET_KEY", "hidden")
    monkeypatch.setenv("SYNTRUST_QUEUE__URL", QUEUE)
    monkeypatch.setenv("SYNTRUST_QUEUE__VISIBILITY_TIMEOUT", "PT1S")

    with pytest.raises(ValidationError) as refused:
        Settings()

    text = str(refused.value)
    assert "storage.access_key" in text
    assert "visibility_timeout" in text
    assert "hidden" not in text
