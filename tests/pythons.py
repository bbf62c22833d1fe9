"""Run the unit tests on every Python of this machine that SynTrust is for: `make test-pythons`.

Each gets an environment of its own under build/ from the lock. Torch comes along where a build for
processors exists; one with CUDA is gigabytes, and is taken only with TORCH=1. Without torch, what
needs it is left out and said to be.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.outcomes import Outcome, outcome_of, table

VERSIONS = ("3.11", "3.12", "3.13")
LOCK = Path("requirements/dev.txt")
DISTRIBUTIONS = ("core", "services/metrics", "gateway", "client", "standalone")
OF_TORCH = ("services/generator", "services/segmenter")
NEEDS_TORCH = re.compile(
    r"^\s*(?:from|import) (?:torch|monai|syntrust_generator|syntrust_segmenter)\b", re.MULTILINE
)


def interpreter(version: str) -> str | None:
    """One that really runs, from the PATH or from pyenv; pyenv's shims may only be names."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}") or ""]
    found += map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}")))
    return next((path for path in found if path and succeeds(path, "-c", "import ensurepip")), None)


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def has_torch(python: Path) -> bool:
    """Whether this Python gets a torch of moderate size."""
    (pin,) = re.findall(r"^torch==.*", LOCK.read_text(), re.MULTILINE)
    dry = (str(python), "-m", "pip", "install", "--dry-run", "--no-deps", f"{pin}+cpu")
    return bool(os.environ.get("TORCH")) or succeeds(*dry)


def install(python: Path, *, torch: bool) -> None:
    """The lock and our own distributions, or what of them goes without torch."""
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    left_out = () if torch else ("torch", "monai")
    pins = [line for line in LOCK.read_text().splitlines() if line.split("==")[0] not in left_out]
    lock = python.parents[1] / "lock.txt"
    lock.write_text("\n".join(pins) + "\n")
    subprocess.run([*pip, "--no-deps", "--requirement", str(lock)], check=True)
    own = [f"--editable=./{path}" for path in DISTRIBUTIONS + (OF_TORCH if torch else ())]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", *own], check=True)


def without_torch() -> list[str]:
    """Options that leave out the tests of what needs torch, and others that import it."""
    folders = [Path("tests/unit", Path(path).name) for path in OF_TORCH]
    files = sorted(Path("tests/unit").rglob("test_*.py"))
    needing = [path for path in files if NEEDS_TORCH.search(path.read_text())]
    return [f"--ignore={path}" for path in (*folders, *needing)]


def run(version: str) -> Outcome:
    """The unit tests on one version."""
    found = interpreter(version)
    if found is None:
        return Outcome(f"Python {version}", "not found on the PATH or under pyenv")
    folder = Path("build") / f"python-{version}"
    subprocess.run([found, "-m", "venv", "--clear", str(folder)], check=True)
    python = folder / "bin" / "python"
    torch = has_torch(python)
    install(python, torch=torch)
    name = f"Python {full_version(python)}" + ("" if torch else " *")
    options = ["tests/unit", "-q", "--no-header", *([] if torch else without_torch())]
    return outcome_of(
        name, [str(python), "-m", "tests.outcomes", *options, *sys.argv[1:]], os.environ
    )


def full_version(python: Path) -> str:
    command = [str(python), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Run every version and print the table."""
    outcomes = [run(version) for version in VERSIONS]
    sys.stdout.write(table(outcomes))
    if any(outcome.name.endswith("*") for outcome in outcomes):
        sys.stdout.write(
            "* without torch, whose only build for this Python has CUDA: the tests of "
            "generator and segmenter and others that import it were NOT run; TORCH=1 does.\n"
        )
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
