"""The commands that the README and the user's guide show, found in their Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PROGRAMS: Final = (
    *("syntrust", "syntrust-standalone", "syntrust-gateway", "syntrust-generator"),
    *("syntrust-segmenter", "make", "curl", "cd", "docker", "export", "git", "itksnap"),
    *("kubectl", "pip", "python", "torchrun"),
)
SHELLS: Final = {"", "bash", "console", "sh", "shell"}
FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INDENTED: Final = re.compile(r"(?:(?<=\n\n)|\A)((?: {4}.*(?:\n|\Z)|\n(?= {4}))+)")
SPAN: Final = re.compile(r"`([^`]+)`")


def pages() -> list[Path]:
    """Give the README and the pages of the user's guide; internals are not meant to be typed."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(text: str) -> Iterator[str]:
    """Give every command of a page, each on one line, those within sentences last."""
    for language, block in FENCE.findall(text):
        if language in SHELLS:
            yield from _of_block(block)
    prose = FENCE.sub("\n", text)
    for block in INDENTED.findall(prose):
        yield from _of_block(block)
    for span in SPAN.findall(INDENTED.sub("\n", prose)):
        line = " ".join(span.split())
        if " " in line and _is_command(line):
            yield line


def _of_block(block: str) -> Iterator[str]:
    lines = iter(block.splitlines())
    for line in lines:
        found = line.strip().removeprefix("$ ")
        if not _is_command(found):
            continue
        while found.endswith("\\") or found.count("'") % 2 or found.count('"') % 2:
            found = f"{found.removesuffix(chr(92)).rstrip()} {next(lines).strip()}"
        yield re.sub(r"\s+# .*$", "", found)


def _is_command(line: str) -> bool:
    return line.split(" ", 1)[0] in PROGRAMS
