"""A process that scores: `python -m syntrust_gateway.trust_score.scorer`.

`service` asks it over its pipes. It loads the factors and nothing of the API, and ends when its
input does, so it outlives nobody.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

from syntrust_gateway.trust_score.pipe import Answer, receive, send
from syntrust_gateway.trust_score.scoring import Refusal, score_request

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
        found = score_request(body, head["kind"], head["accept"])
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
