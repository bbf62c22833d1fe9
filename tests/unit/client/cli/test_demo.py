"""`syntrust demo`: which server it uses and what it says without the package of phantoms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntrust import Client
from syntrust.cli.studies.demo import find_demo
from syntrust.config import read_key
from syntrust.errors import SynTrustError
from syntrust_standalone import demo
from syntrust_standalone.demo import run_demo_at

Run = Callable[..., int]


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the demo was asked for; in its place, the datasets are listed."""
    asked: list[Any] = []

    def run(client: Client, data: Path, _: object, *, cases: int, iterations: int | None) -> None:
        asked.append((data, cases, iterations))
        list(client.datasets.list())

    monkeypatch.setattr(demo, "run_demo_at", run)
    return asked


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.write_text("# keys\nREDIS_PASSWORD=no\nADMIN_KEY=yes-1_2\nWORKER_THREADS=2\n")
    return file


@pytest.fixture
def other(server: Any, answer: Any) -> str:
    """The address of the scripted server, which no variable names."""
    server.on("GET /datasets", answer(body={"items": [], "next": None}))
    return str(server.url)


def test_without_the_package_of_phantoms_the_demo_says_what_to_install() -> None:
    with pytest.raises(SynTrustError, match=r'pip install "syntrust-client\[demo\]"'):
        find_demo("syntrust_of_nobody.demo")


def test_the_demo_is_the_one_of_standalone() -> None:
    assert find_demo() is run_demo_at


def test_the_key_is_read_from_the_env_file_of_a_compose_installation(env_file: Path) -> None:
    assert read_key(env_file) == "yes-1_2"


def test_the_server_and_key_may_be_named_after_the_command(
    run: Run, server: Any, other: str, sizes: list[Any], env_file: Path
) -> None:
    named = ["--url", other, "--key-file", str(env_file), "--cases", "8"]

    assert run("--url", "http://127.0.0.1:9", "demo", *named, "--data", "here") == 0

    assert sizes == [(Path("here"), 8, None)]
    assert server.asked[0].headers["Authorization"] == "Bearer yes-1_2"


def test_what_is_named_before_the_command_holds_too(
    run: Run, server: Any, other: str, sizes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYNTRUST_KEY")

    assert run("--key", "before", "demo", "--url", other, "--iterations", "3") == 0

    assert sizes == [(Path("syntrust-demo"), 30, 3)]
    assert server.asked[0].headers["Authorization"] == "Bearer before"
