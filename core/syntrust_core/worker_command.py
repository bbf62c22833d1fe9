"""The command line of a worker: `python -m syntrust_….worker [--exit-when-idle 300s] …`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from syntrust_core.configuration import read_at_start
from syntrust_core.settings import Settings

_MOMENT: Final = TypeAdapter(AwareDatetime)
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600}

AnySettings = TypeVar("AnySettings", bound=Settings)


def read_worker_settings(
    kind: type[AnySettings], arguments: Sequence[str] | None = None
) -> AnySettings:
    """Read the settings of a worker in its entry point; an option goes before its variable."""
    parser = argparse.ArgumentParser(description="Serve a queue of steps until told to stop.")
    parser.add_argument(
        "--exit-when-idle",
        type=parse_duration,
        metavar="300s",
        help="End with code 0 after this long without a step: seconds, minutes or hours.",
    )
    parser.add_argument(
        "--ends-at",
        type=parse_time,
        metavar="TIME",
        help="Begin no step that is likely to end later: seconds since 1970, or a time with its "
        "zone as 2026-11-30T18:00:00+01:00. The worker then leaves with code 75.",
    )
    given = parser.parse_args(arguments)
    settings = read_at_start(kind)
    for name in ("exit_when_idle", "ends_at"):
        if (value := getattr(given, name)) is not None:
            setattr(settings.worker, name, value)
    return settings


def parse_time(text: str) -> datetime:
    """Read a moment: seconds since 1970, or ISO 8601 with a zone.

    Raises
    ------
    argparse.ArgumentTypeError
        It is none, or has no zone.
    """
    try:
        return _MOMENT.validate_strings(text)
    except ValidationError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment: write it as 2026-11-30T18:00:00+01:00 or in seconds since 1970"
        ) from None


def parse_duration(text: str) -> timedelta:
    """Read a duration as `300s`, `5m` or `1.5h`.

    Raises
    ------
    argparse.ArgumentTypeError
        It is none, or not above zero.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", text)
    if found is None or float(found[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: write it as 300s, 5m or 1h")
    return timedelta(seconds=float(found[1]) * _UNITS_S[found[2]])
