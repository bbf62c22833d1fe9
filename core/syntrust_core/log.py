"""Structured log lines on stderr: one JSON object a line, or coloured text for a terminal."""

from __future__ import annotations

import logging
import re
import sys
from typing import Final

import structlog

from syntrust_core import recent_log

# Keys of the API, signatures of links, and passwords in URLs.
_SECRETS: Final = re.compile(
    r"\bst_[\w-]{43}|(?<=X-Amz-Signature=)[0-9a-fA-F]+|(?<=X-Amz-Credential=)[^&\s\"']+"
    r"|(?<=://)[^/\s@\"']*:[^/\s@\"']+(?=@)|(?i:(?<=bearer ))[\w.~+/=-]+"
)
HIDDEN: Final = "[hidden]"


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
            structlog.processors.format_exc_info,
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


def hide_secrets(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace whatever looks like a secret in the texts of a log line."""
    return {
        name: _SECRETS.sub(HIDDEN, value) if isinstance(value, str) else value
        for name, value in event.items()
    }
