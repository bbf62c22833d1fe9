from __future__ import annotations

import json

import pytest

from syntrust_core import log


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("redis://:s3cret-pw@127.0.0.1:6379/0 does not answer", "s3cret-pw"),
        ("postgresql+psycopg://syntrust:p4ss@db/syntrust", "p4ss"),
        ("PUT /b/k?X-Amz-Signature=0badcafe&x=1", "0badcafe"),
        ("PUT /b/k?X-Amz-Credential=AKIA123%2F20261129&x=1", "AKIA123"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("key st_" + "aB3_-" * 8 + "xyz was shown", "aB3_-"),
    ],
)
def test_a_log_line_shows_no_secret(
    text: str, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure()
    log.get_logger(__name__).warning("event", reason=text)
    line = capsys.readouterr().err
    assert secret not in line
    assert log.HIDDEN in json.loads(line)["reason"]


def test_a_traceback_in_a_log_line_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    try:
        int("redis://:s3cret-pw@127.0.0.1:6379/0")
    except ValueError:
        log.get_logger(__name__).exception("event")
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert "s3cret-pw" not in line


def test_ordinary_text_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    reason = "http://127.0.0.1:9000/bucket does not answer; 3 of 4 done"
    log.get_logger(__name__).info("event", reason=reason)
    assert json.loads(capsys.readouterr().err)["reason"] == reason
