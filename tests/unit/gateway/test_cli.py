"""The command `syntrust-gateway`."""

from __future__ import annotations

import runpy
from pathlib import Path

import typer

import syntrust_gateway
from syntrust_gateway.cli import cli


def test_the_orchestrators_old_command_still_starts_it_and_is_not_shown() -> None:
    command = typer.main.get_command(cli)

    commands = command.commands  # type: ignore[attr-defined]

    assert commands["conduct"].callback is not None
    assert commands["conduct"].callback.__name__ == commands["orchestrate"].callback.__name__
    assert (commands["conduct"].hidden, commands["orchestrate"].hidden) == (True, False)


def test_a_process_that_helps_the_gateway_does_not_run_its_command() -> None:
    path = Path(syntrust_gateway.__file__).with_name("__main__.py")

    assert "main" in runpy.run_path(str(path), run_name="__mp_main__")
