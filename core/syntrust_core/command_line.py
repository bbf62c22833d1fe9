"""The end of every command of the platform: a sentence on stderr and a documented exit code.

| code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed: the sentence says why |
| 2 | wrong usage |
| 70 | a fault of the program |
| 78 | a setting of the environment is missing, unknown or wrong |
| 130 | interrupted by Ctrl-C |
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from typing import Final, NoReturn

from pydantic import ValidationError

from syntrust_core.configuration import EXIT_CODE
from syntrust_core.errors import InvalidConfiguration, PlatformError

REFUSED: Final = 1
FAULT: Final = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED: Final = 130
TRACEBACK: Final = "SYNTRUST_TRACEBACK"

Sentences = Mapping[type[Exception], Callable[[Exception], str]]
"""What to say of errors that core does not know, as those of a database."""


def run(command: Callable[[], object], sentences: Sentences | None = None) -> None:
    """Run a command.

    Raises
    ------
    SystemExit
        With the exit code, unless the command returns.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Unicode gets an escape where it would be a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        command()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001 - the one place for all that goes wrong
        end(error, sentences or {})


def end(error: Exception, sentences: Sentences) -> NoReturn:
    """Say what went wrong in one sentence and exit."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    code, sentence = explain(error, sentences)
    sys.stderr.write(f"error: {sentence}\n")
    raise SystemExit(code) from None


def explain(error: Exception, sentences: Sentences) -> tuple[int, str]:
    """Give exit code and sentence of an error."""
    if isinstance(error, InvalidConfiguration):
        return EXIT_CODE, error.detail
    if isinstance(error, PlatformError):
        return REFUSED, error.detail
    for kind, say in sentences.items():
        if isinstance(error, kind):
            return REFUSED, say(error)
    if isinstance(error, OSError):
        return REFUSED, explain_file(error)
    name = type(error).__name__
    return FAULT, f"The program failed by a fault of its own ({name}). {TRACEBACK}=1 tells more."


def explain_file(error: OSError) -> str:
    """Say which file could not be used and why."""
    why = error.strerror or type(error).__name__
    return f"{error.filename}: {why}." if error.filename else f"{why}."


def explain_fields(error: ValidationError) -> str:
    """Say in one line which fields are wrong and why, without their values."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    told = ((".".join(map(str, each["loc"])), each["msg"]) for each in found)
    return "; ".join(f"{place}: {why}" if place else why for place, why in told)


def tell_version(distribution: str) -> Callable[[bool], None]:
    """Make the callback of an option `--version`: it prints the version and exits."""

    def tell(asked: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
        if asked:
            sys.stdout.write(f"{name_version(distribution)}\n")
            raise SystemExit

    return tell


def name_version(distribution: str) -> str:
    """Name a distribution with its version."""
    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return f"{distribution} of a checkout"
