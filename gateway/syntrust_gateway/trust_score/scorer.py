"""A process that scores: `python -m syntrust_gateway.trust_score.scorer`.

`scorer_pool` asks it over its pipes.

A message is a line of JSON, and as many bytes as its `bytes` says. It loads the factors and nothing
of the API, and ends when its input does, so it outlives nobody.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import IO, Any, Final

from syntrust_gateway.trust_score.service import Answer, Refusal, outcome

_COLLECT_AFTER: Final = 100_000  # new objects


def send(pipe: IO[bytes], content: bytes, **head: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write one message."""
    pipe.write(json.dumps({**head, "bytes": len(content)}).encode() + b"\n")
    pipe.write(content)
    pipe.flush()


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
    while True:
        try:
            head, body = receive(sys.stdin.buffer)
        except EOFError:
            return
        found = outcome(body, head["kind"], head["accept"])
        try:
            _reply(found)
        except BrokenPipeError:
            return


def _reply(found: Answer | Refusal) -> None:
    if isinstance(found, Refusal):
        send(sys.stdout.buffer, b"", detail=found.detail, pointer=found.pointer)
    else:
        send(sys.stdout.buffer, found.content, kind=found.kind)


if __name__ == "__main__":
    main()
