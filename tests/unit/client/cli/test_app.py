"""The `syntrust` command: usage, exit codes, and where its key comes from."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import experiment

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


def test_the_version_is_told_without_a_server(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert re.fullmatch(r"syntrust \S+\n", capsys.readouterr().out)


@pytest.mark.parametrize("typed", [True, False])
def test_a_key_file_that_is_empty_never_falls_back_to_another_key(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    typed: bool,
) -> None:
    file = tmp_path / "empty"
    file.write_text("")
    if not typed:
        monkeypatch.delenv("SYNTRUST_KEY")
        monkeypatch.setenv("SYNTRUST_KEY_FILE", str(file))

    assert run(*(["--key-file", str(file)] if typed else []), "dataset", "list") == 2
    assert (
        capsys.readouterr().err == f"error: The key file {file} is empty; it should hold an "
        "API key.\n"
    )


def test_a_key_file_that_was_typed_comes_before_a_key_of_the_environment(
    server: Any, answer: Any, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("typed\n")
    server.on("GET /datasets", answer(body={"items": [], "next": None}))

    run("--key-file", str(file), "dataset", "list")
    run("--key-file", str(file), "--key", "given", "dataset", "list")

    told = [asked.headers["Authorization"] for asked in server.asked]
    assert told == ["Bearer typed", "Bearer given"]


def test_a_fault_of_the_command_is_one_sentence_and_code_70(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /datasets", answer(body={"items": [{}], "next": None}))

    assert run("dataset", "list") == 70
    assert re.fullmatch(
        r"error: .*fault of its own \(KeyError in datasets\.py:\d+\).*\n", capsys.readouterr().err
    )


def test_the_command_runs_with_a_latin_1_locale_and_a_dead_environment(
    server: Any, answer: Any
) -> None:
    body = {"items": [experiment("running") | {"name": "α – Müller"}], "next": None}
    server.on("GET /experiments", answer(body=body))
    odd = {
        "PYTHONIOENCODING": "latin-1",
        "SSL_CERT_FILE": "/nowhere",
        "ALL_PROXY": "socks5://127.0.0.1:1",
        "SYNTRUST_URL": server.url,
        "SYNTRUST_KEY": "k",
    }

    ran = subprocess.run(
        [sys.executable, "-m", "syntrust", "experiment", "list"],
        env=os.environ | odd,
        capture_output=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode("latin-1").splitlines() == [
        "id\tstate\talpha\tcreated\tname",
        "e1\trunning\t0 1\t2026\talpha - Müller",
    ]


def test_a_reader_that_leaves_early_is_no_traceback(server: Any, answer: Any) -> None:
    items = [experiment("running")] * 20_000
    server.on("GET /experiments", answer(body={"items": items, "next": None}))

    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m syntrust --key k experiment list | head -n 1"],
        env=os.environ | {"SYNTRUST_URL": server.url},
        capture_output=True,
        check=False,
    )

    assert (ran.stdout, ran.stderr) == ("id\tstate\tα\tcreated\tname\n".encode(), b"")
