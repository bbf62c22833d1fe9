"""What the search of a folder comes to: every folder is a case, refused, or left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syntrust.bodies import Scheme


@dataclass(frozen=True)
class Candidate:
    """A complete case that has no id yet.

    Attributes
    ----------
    name : str
        What it is called: its folder's name, or what its files' names begin with.
    path : tuple of str
        The names that lead to it from the folder that is searched, the last one `name`.
    above : str
        The name of the folder that its folder lies in.
    label : str
        Where it was found, below the folder that is searched.
    """

    name: str
    path: tuple[str, ...]
    above: str
    label: str
    files: Mapping[str, Path]
    ignored: tuple[str, ...] = ()
    scheme: Scheme | None = None


@dataclass(frozen=True)
class Unfit:
    """A folder or file that is not sent: `label` is where it lies."""

    label: str
    reason: str


class Refusal(Unfit):
    """A folder or file of a case that cannot be sent as it is."""


class LeftOut(Unfit):
    """A folder or file that is not recognised as a case or a part of one."""


@dataclass(frozen=True)
class NotRead:
    """Files that are no volumes, as tables and notes beside the cases, and hidden ones."""

    labels: tuple[str, ...] = ()
    hidden: int = 0


Outcome = Candidate | Refusal | LeftOut | NotRead


@dataclass(frozen=True)
class FoundCase:
    """A case that can be sent.

    Attributes
    ----------
    id : str
        Its id on the server.
    label : str
        Its folder, below the one that was searched. It stays on this machine.
    files : mapping of str to path
        Its files by role; t1, t1ce, t2, flair and seg are there.
    ignored : tuple of str
        Names in its folder that are no part of it.
    scheme : str or mapping, optional
        What its label values mean, where its archive says so.
    patient : str, optional
        Its patient, where the id alone does not tell.
    """

    id: str
    label: str
    files: Mapping[str, Path]
    ignored: tuple[str, ...] = ()
    scheme: Scheme | None = None
    patient: str | None = None

    @property
    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files.values())

    @property
    def is_renamed(self) -> bool:
        """Whether the id is not the name that its folder has."""
        return self.id != self.label.rpartition("/")[2]


@dataclass(frozen=True)
class Survey:
    """All that was found in a folder: each folder is one of `cases`, `refused` or `left_out`.

    `not_read` are files beside the cases that are no volumes, and `hidden` counts hidden ones.
    """

    folder: Path
    cases: tuple[FoundCase, ...] = ()
    refused: tuple[Refusal, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    not_read: tuple[str, ...] = ()
    hidden: int = field(default=0)

    @property
    def total(self) -> int:
        return len(self.cases) + len(self.refused) + len(self.left_out)
