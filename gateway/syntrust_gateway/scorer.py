"""A process that scores: `python -m syntrust_gateway.scorer`, asked by `scorers` over a socket.

A message is a line of JSON, and as many bytes as its `bytes` says. It loads the factors and nothing
of the API, and ends when its input does, so it outlives nobody.
"""

from __future__ import annotations

import gc
import json
import sys
from contextlib import suppress
from typing import IO, Any, Final

from syntrust_gateway.scores import Answer, Refusal, outcome

_COLLECT_AFTER: Final = 100_000  # new objects


def message(content: bytes, **head: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return json.dumps({**head, "bytes": len(content)}).encode() + b"\n" + content


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Raises
    ------
    EOFError
        The other side has closed its end, or was ended in the middle.
    """
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head: dict[str, Any] = json.loads(line)
    content = pipe.read(head.pop("bytes"))
    return head, content


def main() -> None:
    # A request is a tree of thousands of objects without a cycle: looking for some took a tenth.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    with suppress(EOFError, ConnectionError):  # whoever asks has gone
        while True:
            head, body = receive(sys.stdin.buffer)
            sys.stdout.buffer.write(_reply(outcome(body, head["kind"], head["accept"])))
            sys.stdout.buffer.flush()


def _reply(found: Answer | Refusal) -> bytes:
    if isinstance(found, Refusal):
        return message(b"", detail=found.detail, pointer=found.pointer)
    return message(found.content, kind=found.kind)


if __name__ == "__main__":
    main()
