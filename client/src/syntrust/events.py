"""Server-sent events: the text lines of a stream, as (event, data) pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def parse_events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Read an event stream (WHATWG HTML, section 9.2.6). Comments are pings and give nothing."""
    event, data = "message", list[str]()
    for line in lines:
        if not line:
            if data:
                yield event, "\n".join(data)
            event, data = "message", []
            continue
        field, _, value = line.partition(":")
        if field == "event":
            event = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
