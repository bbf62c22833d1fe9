"""Versions of the packages and of the source that trained a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("syntrust-segmenter", "torch", "monai", "numpy")


@cache
def read_versions(revision: str | None) -> Mapping[str, str]:
    """Read the versions of the packages that decide a training, and the git revision.

    `revision` is the one that an image was built from; None takes that of the checkout, if there
    is one. The answer is cached, because a process keeps the source that it started with.
    """
    found = {name: version(name) for name in PACKAGES}
    revision = revision or find_commit(Path(__file__))
    return found if revision is None else {**found, "revision": revision}


def find_commit(path: Path) -> str | None:
    """Find the commit of the git checkout that `path` lies in; None outside a checkout."""
    git = next((folder / ".git" for folder in path.parents if (folder / ".git").is_dir()), None)
    if git is None:
        return None
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref: "):
        return head
    name = head.removeprefix("ref: ")
    if (git / name).is_file():
        return (git / name).read_text("utf-8").strip()
    packed = git / "packed-refs"
    lines = packed.read_text("utf-8").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
