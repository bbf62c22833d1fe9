"""The health check of a container."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from syntrust_core.healthcheck import HEARTBEAT_FILE, check_heartbeat, main


class Gateway(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("age_s", "code"), [(0.0, 0), (90.0, 0), (91.0, 1)])
def test_a_worker_is_healthy_while_its_heartbeat_is_young(
    tmp_path: Path, age_s: float, code: int
) -> None:
    beat = tmp_path / "heartbeat"
    beat.touch()
    os.utime(beat, (1000, 1000))

    assert check_heartbeat(beat, max_age_s=90, now_s=1000 + age_s) == code


def test_a_worker_that_never_beat_is_not_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(HEARTBEAT_FILE, str(tmp_path / "none"))

    assert main([]) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_without_a_heartbeat_file_the_check_says_what_is_not_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(HEARTBEAT_FILE, raising=False)

    assert main([]) == 1
    assert HEARTBEAT_FILE in capsys.readouterr().err


def test_the_gateway_is_asked_without_the_proxy_that_is_configured(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert main(["--http", str(port)]) == 0


def test_a_gateway_that_does_not_answer_is_not_healthy(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--http", "1"]) == 1
    assert "port 1 does not answer" in capsys.readouterr().err


def test_the_check_loads_the_standard_library_alone() -> None:
    code = "import sys, syntrust_core.healthcheck; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert not {"celery", "pydantic", "numpy", "redis"} & set(loaded.stdout.split())
