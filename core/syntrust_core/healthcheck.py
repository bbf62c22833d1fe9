"""`python -m syntrust_core.healthcheck`: exit code 0 if the program of this container is healthy.

A busy worker cannot answer a question, so workers and orchestrator are judged by the age of their
heartbeat file, and never asked. It runs every few seconds and loads the standard library alone.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
from pathlib import Path
from typing import Final

HEARTBEAT_FILE: Final = "SYNTRUST_WORKER__HEARTBEAT_FILE"
MAX_AGE_S: Final = 90.0  # a worker beats every 10 s, and later while Redis does not answer it
_ANSWER_S: Final = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Check what the arguments name; say on stderr what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m syntrust_core.healthcheck")
    parser.add_argument("--max-age", type=float, default=MAX_AGE_S, help="of the heartbeat, in s")
    parser.add_argument("--http", type=int, metavar="PORT", help="ask /health/live there instead")
    asked = parser.parse_args(arguments)
    if asked.http is not None:
        return check_http(asked.http)
    file = os.environ.get(HEARTBEAT_FILE)
    if not file:
        sys.stderr.write(f"{HEARTBEAT_FILE} is not set, so there is no heartbeat to look at\n")
        return 1
    return check_heartbeat(Path(file), max_age_s=asked.max_age, now_s=time.time())


def check_heartbeat(path: Path, *, max_age_s: float, now_s: float) -> int:
    """Exit code 0 if the heartbeat file is younger than `max_age_s`, else 1."""
    if not path.exists() or now_s - path.stat().st_mtime > max_age_s:
        sys.stderr.write(f"no heartbeat in {path} within {max_age_s:g} s\n")
        return 1
    return 0


def check_http(port: int) -> int:
    """Exit code 0 if the API on this port of the container answers that it is alive, else 1."""
    # Not urllib, which would send the request through a configured proxy.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"port {port} does not answer: {error}\n")
        return 1
    finally:
        connection.close()
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    raise SystemExit(main())
