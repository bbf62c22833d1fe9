"""The command `syntrust-gateway`."""

from __future__ import annotations

import typer

from syntrust_gateway.cli import cli


def test_the_orchestrators_old_command_still_starts_it_and_is_not_shown() -> None:
    command = typer.main.get_command(cli)

    commands = command.commands  # type: ignore[attr-defined]

    assert commands["conduct"].callback is not None
    assert commands["conduct"].callback.__name__ == commands["orchestrate"].callback.__name__
    assert (commands["conduct"].hidden, commands["orchestrate"].hidden) == (True, False)
