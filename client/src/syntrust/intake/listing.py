"""What lies in a folder, without what the file browsers of desktops leave there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syntrust.errors import UnfitFolder
from syntrust.intake.file_names import stem_of

_HIDDEN: Final = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir"})
_SHOWN: Final = 8


@dataclass(frozen=True)
class Listing:
    """The entries of a folder, sorted; dead links are among the files, hidden ones are counted."""

    folder: Path
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    hidden: int

    @property
    def volumes(self) -> tuple[Path, ...]:
        return tuple(path for path in self.files if is_volume(path))

    @property
    def others(self) -> tuple[Path, ...]:
        return tuple(path for path in self.files if not is_volume(path))


def list_folder(folder: Path) -> Listing:
    """List a folder.

    Raises
    ------
    UnfitFolder
        If it cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
        seen = [path for path in entries if not _is_hidden(path.name)]
        # A folder may be called t1.nii: some archives were unpacked so.
        folders = tuple(path for path in seen if path.is_dir() and not is_volume(path))
    except OSError as error:
        raise UnfitFolder(f"cannot be read: {error.strerror}") from error
    files = tuple(path for path in seen if path not in set(folders))
    return Listing(folder, files, folders, len(entries) - len(seen))


def is_volume(path: Path) -> bool:
    """Whether it is called as a NIfTI file is."""
    return stem_of(path.name) is not None


def is_folder(path: Path) -> bool:
    """Whether it is a folder; False also where this may not be asked."""
    try:
        return path.is_dir()
    except OSError:
        return False


def printable(name: str) -> str:
    """A name as it can be printed in one line, whatever bytes it is made of."""
    return "".join(each if each.isprintable() else ascii(each).strip("'") for each in name)


def names_of(paths: Sequence[Path]) -> str:
    """The names of files, of many only the first."""
    named = ", ".join(printable(path.name) for path in paths[:_SHOWN])
    more = len(paths) - _SHOWN
    return f"{named} and {more} more" if more > 0 else named


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _HIDDEN
