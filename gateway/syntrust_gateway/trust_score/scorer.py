"""A process that scores: `python -m syntrust_gateway.trust_score.scorer`.

`service` asks it over its pipes. It loads the factors and nothing of the API, and ends when its
input does, so it outlives nobody. Other tasks name their module and function, which is loaded when
it is first asked for: this module knows none of its callers.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

from syntrust_gateway.trust_score.pipe import Answer, Refusal, receive, send
from syntrust_gateway.trust_score.scoring import score_request

_COLLECT_AFTER: Final = 100_000  # new objects


def main() -> None:
    # A request is a tree of thousands of objects without a cycle. To look for cycles took a tenth
    # of the time.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    while True:
        try:
            head, body = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            _reply(_compute(body, head))
        except BrokenPipeError:
            return


def _compute(body: bytes, head: dict[str, Any]) -> Answer | Refusal:
    if "task" not in head:
        return score_request(body, head["kind"], head["accept"])
    parts, start = [], 0
    for size in head["sizes"]:
        parts.append(body[start : start + size])
        start += size
    return _find_task(head["task"])(parts)


@cache
def _find_task(name: str) -> Callable[[Sequence[bytes]], Answer | Refusal]:
    """Load a function by `module:name`; the API sends names of its own alone."""
    module, _, function = name.partition(":")
    found: Callable[[Sequence[bytes]], Answer | Refusal] = getattr(import_module(module), function)
    return found


def _reply(found: Answer | Refusal) -> None:
    if isinstance(found, Refusal):
        send(sys.stdout.buffer, b"", detail=found.detail, pointer=found.pointer)
    else:
        send(sys.stdout.buffer, found.content, kind=found.kind)


if __name__ == "__main__":
    main()
