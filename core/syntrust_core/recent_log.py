"""Keep the last log lines of this process, to be shown to a caller whose step has failed.

A line is its time, level, event and numbers or short words: no traceback, no address, no path, and
nothing whose name says that it is secret. It names no run: others that have the step may show it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import MutableMapping
from typing import Any, Final

MOST_LINES: Final = 20
MOST_CHARACTERS: Final = 300
_FIRST: Final = ("timestamp", "level", "event")
_HIDDEN: Final = re.compile(
    r"^run$|exc|stack|key|token|secret|passw|auth|url|detail|case|patient|file"
)
_PLACE: Final = re.compile(r"\w+://\S+|(?<!\w)/\S+")

_lines: deque[str] = deque(maxlen=MOST_LINES)


def clear() -> None:
    """Forget all lines, as when another step begins."""
    _lines.clear()


def list_lines() -> list[str]:
    """List the last lines, the oldest first."""
    return list(_lines)


def remember(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Any:  # noqa: ANN401 - structlog's event
    """Keep a line and pass it on unchanged: a processor of structlog."""
    head = [str(event[name]) for name in _FIRST if name in event]
    rest = [
        f"{name}={value}"
        for name, value in event.items()
        if name not in _FIRST and _may_show(name, value)
    ]
    line = _PLACE.sub("<hidden>", " ".join([*head, *rest]))
    _lines.append(line[:MOST_CHARACTERS])
    return event


def _may_show(name: str, value: object) -> bool:
    return isinstance(value, str | int | float | bool) and not _HIDDEN.search(name)
