"""The client's types are those of `docs/openapi.json`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_types_are_made_from_the_committed_document() -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    made = subprocess.run(
        [sys.executable, "-m", "datamodel_code_generator", "--check"],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert made.returncode == 0, f"run `make client-types`\n{made.stdout}{made.stderr}"
