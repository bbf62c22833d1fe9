"""`python -m tools.deploy.compose_files`: let Docker Compose read every file of the installation.

It needs no Docker daemon. The passwords are made for the check and thrown away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools.deploy.env_file import write_env

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "docker-compose.yml"
OVERRIDES: Final = ("compose.gpu.yml", "compose.monitoring.yml", "compose.seaweedfs.yml")
COMBINATIONS: Final = ((BASE,), *((BASE, override) for override in OVERRIDES), (BASE, *OVERRIDES))
# An override may ask for more than `make env` writes.
ASKED: Final = {"TORCH_INDEX": "https://index.invalid/simple"}


def compose_program() -> str:
    """Find the Compose of the development environment, else the one on the PATH."""
    beside = Path(sys.executable).with_name("docker-compose")
    return str(beside) if beside.exists() else "docker-compose"


def read_with_compose(files: tuple[str, ...], *options: str) -> str:
    """Give what Compose makes of `files` together.

    Raises
    ------
    subprocess.CalledProcessError
        It refuses them; its stderr says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        env = Path(folder) / "env"
        write_env(env)
        named = [part for file in files for part in ("-f", file)]
        command = [compose_program(), "--env-file", str(env), *named, "config", *options]
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, check=True, capture_output=True, text=True, env=os.environ | ASKED
        )
    return done.stdout


def main() -> None:
    """Check each combination; exit code 1 says that one is refused."""
    for files in COMBINATIONS:
        try:
            read_with_compose(files, "--quiet")
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{' + '.join(files)}: {error.stderr}") from error
    print(f"{len(COMBINATIONS)} combinations of Compose files are well-formed")


if __name__ == "__main__":
    main()
