"""`python tools/deploy/env_file.py [FILE]`: write the `.env` of a Compose installation, once.

It needs the standard library alone, of any Python 3, so that it runs on a server with nothing but
Docker. A file that is there stays as it is: its passwords open the data.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

MAX_THREADS = 8  # more do not speed up networks of this size on a processor

SETTINGS = """\
# Made by `make env`. Keep a copy apart from this machine: without it the data cannot be opened.
# docs/deploy.md says what else may stand here.
ADMIN_KEY={admin_key}
REDIS_PASSWORD={redis_password}
POSTGRES_PASSWORD={postgres_password}
S3_ACCESS_KEY={s3_access_key}
S3_SECRET_KEY={s3_secret_key}
GRAFANA_PASSWORD={grafana_password}

# Threads of a step. They decide the last bits of every result: change them and equal experiments
# give other digests.
WORKER_THREADS={threads}

# Precision of the networks: float32 until these commands, once the images are built, have measured
# here what is faster. Each adds a line below. Another choice gives other digests, too.
#   docker compose run --rm --no-deps --entrypoint syntrust-generator generator tune --env >> .env
#   docker compose run --rm --no-deps --entrypoint syntrust-segmenter segmenter tune --env >> .env
"""


def write_env(file: Path) -> bool:
    """Write new passwords to `file`, for its owner alone; False if it was there before."""
    text = SETTINGS.format(
        admin_key=secrets.token_urlsafe(32),
        redis_password=secrets.token_hex(24),
        postgres_password=secrets.token_hex(24),
        s3_access_key=secrets.token_hex(10),
        s3_secret_key=secrets.token_hex(20),
        grafana_password=secrets.token_hex(16),
        threads=min(len(os.sched_getaffinity(0)), MAX_THREADS),
    )
    try:
        # Created with its mode, so that no other user can read it even for a moment.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    return True


def main(arguments: list[str]) -> None:
    """Write the file and say what was done."""
    file = Path(arguments[0] if arguments else ".env")
    done = "written, for you alone" if write_env(file) else "was there and stays as it is"
    sys.stdout.write(f"{file}: {done}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
