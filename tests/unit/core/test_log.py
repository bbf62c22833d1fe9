from __future__ import annotations

import json

import pytest

from syntrust_core import log
from syntrust_core.errors import InvalidRequest, StoreUnavailable


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


@pytest.mark.parametrize(
    "error",
    [ValueError("Doe-Jane"), KeyError("Doe-Jane"), InvalidRequest("Doe-Jane has no tumour.")],
)
def test_the_text_of_an_error_about_data_stays_out(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure()
    why = RuntimeError("the library says why")
    why.__cause__ = error
    log.get_logger(__name__).error("event", exc_info=why)
    told = json.loads(capsys.readouterr().err)["exception"]
    assert "Doe-Jane" not in told
    assert type(error).__name__ in told
    assert told.endswith("RuntimeError: the library says why")


def test_an_error_of_a_server_is_told_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    error = StoreUnavailable("The object store does not answer.")
    log.get_logger(__name__).error("event", exc_info=error)
    assert "The object store does not answer." in capsys.readouterr().err


def test_a_block_about_a_run_names_it_in_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    logger = log.get_logger(__name__)
    for run in ("0193", None):
        with log.about_run(run):
            logger.info("event")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("run") for line in lines] == ["0193", None]
