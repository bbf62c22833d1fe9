"""Where a folder lies below the one that is searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from syntrust.intake.listing import printable


@dataclass(frozen=True)
class Place:
    """A folder or file below `root`, which is absolute."""

    root: Path
    entry: Path

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to it; for the root its own name."""
        return self.entry.relative_to(self.root).parts or (self.root.name,)

    @property
    def above(self) -> str:
        return self.entry.parent.name

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def label(self) -> str:
        return "/".join(map(printable, self.path))

    def of(self, entry: Path) -> Place:
        """The place of another entry below the same root."""
        return Place(self.root, entry)
