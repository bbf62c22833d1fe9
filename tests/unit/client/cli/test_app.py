"""The `syntrust` command: usage, exit codes, and where its key comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntrust.cli.app import main

Run = Callable[..., int]


def test_wrong_usage_ends_with_2(run: Run, tmp_path: Path) -> None:
    assert run("experiment", "run", "--dataset", "d1", "--alphas", "0,half") == 2
    assert run("experiment", "run", "--dataset", "d1", "--alphas", "nan") == 2
    assert run("dataset", "add", str(tmp_path), "--grid", "64x64") == 2
    assert run("trust-score", str(tmp_path / "absent.csv")) == 2


def test_no_server_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--url", "http://127.0.0.1:9", "--key", "k", "dataset", "list"])

    assert ended.value.code == 3
    assert "No answer from http://127.0.0.1:9" in capsys.readouterr().err


def test_the_key_is_read_from_the_credentials_of_a_stack(
    server: Any, answer: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"admin_key": "from file", "s3_secret_key": "other"}))
    monkeypatch.delenv("SYNTRUST_KEY")
    monkeypatch.setenv("SYNTRUST_KEY_FILE", str(file))
    server.on("GET /datasets", answer(body={"items": [], "next": None}))

    assert run("dataset", "list") == 0
    assert server.asked[0].headers["Authorization"] == "Bearer from file"
