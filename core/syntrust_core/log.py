"""Structured log lines on stderr: one JSON object a line, or coloured text for a terminal."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import structlog

from syntrust_core import recent_log
from syntrust_core.errors import Fault, PlatformError

# Keys of the API, signatures of links, and passwords in URLs.
_SECRETS: Final = re.compile(
    r"\bst_[\w-]{43}|(?<=X-Amz-Signature=)[0-9a-fA-F]+|(?<=X-Amz-Credential=)[^&\s\"']+"
    r"|(?<=://)[^/\s@\"']*:[^/\s@\"']+(?=@)|(?i:(?<=bearer ))[\w.~+/=-]+"
)
HIDDEN: Final = "[hidden]"
_TOLD: Final = (OSError, ImportError, RuntimeError, MemoryError)


def configure(log_format: str = "json", level: int = logging.INFO) -> None:
    """Send every log line of this process through one format. Call once, in an entry point."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide_secrets,
            recent_log.remember,
            format_error,
            hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def about_run(run: str | None) -> AbstractContextManager[None]:
    """Name the run in every log line of a block; without a run, no line changes."""
    return nullcontext() if run is None else structlog.contextvars.bound_contextvars(run=run)


def format_error(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Write an exception as the lines of code that it came through, with the class of each.

    The text of an error about data may be a patient's, so it stays out; that of a server, a file
    or a library tells the operator what to do.
    """
    error = event.pop("exc_info", None)
    if error and not isinstance(error, BaseException):
        error = error[1] if isinstance(error, tuple) else sys.exc_info()[1]
    if error:
        event["exception"] = "\n".join(_lines(error))
    return event


def _lines(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _lines(before)
        yield "then:"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{name}: {error}" if _may_be_told(error) else name


def _may_be_told(error: BaseException) -> bool:
    if isinstance(error, PlatformError):
        return error.fault is not Fault.CALLER
    return isinstance(error, _TOLD)


def hide_secrets(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace whatever looks like a secret in the texts of a log line."""
    return {
        name: _SECRETS.sub(HIDDEN, value) if isinstance(value, str) else value
        for name, value in event.items()
    }
