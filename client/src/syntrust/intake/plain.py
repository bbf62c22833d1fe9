"""A folder with the files of one case, each called as its role, maybe after the case's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from syntrust.errors import UnfitFolder
from syntrust.intake.case_ids import is_visit
from syntrust.intake.claims import choose_files
from syntrust.intake.file_names import NAMES, role_of, stem_of
from syntrust.intake.listing import Listing, list_folder, names_of, printable
from syntrust.intake.outcomes import Candidate, LeftOut, Outcome, Refusal
from syntrust.intake.places import Place

_EXPECTED = (
    "a case has t1, t1ce, t2, flair and seg as <role>.nii.gz or <folder>_<role>.nii.gz, or the "
    "names of BraTS, UCSF-PDGM, UPENN-GBM, BIDS or nnU-Net"
)


def holds_a_case(listing: Listing) -> bool:
    """Whether any file is called as the role of this folder's case, be it a dead link."""
    return any(_role(path) is not None for path in listing.files)


def read_case(listing: Listing, place: Place) -> Iterator[Outcome]:
    """Read the case of a folder that holds one."""
    try:
        _require_no_other_case(listing)
        yield read_alone(listing, place)
    except UnfitFolder as error:
        yield Refusal(place.label, str(error))


def read_alone(listing: Listing, place: Place) -> Candidate:
    """Read the case of a folder, whatever folders lie in it.

    Raises
    ------
    UnfitFolder
        With every reason why it cannot be sent.
    """
    roles = {path: _role(path) for path in listing.files}
    others = [path for path, role in roles.items() if role is None]
    claims: defaultdict[str, list[Path]] = defaultdict(list)
    for path, role in roles.items():
        if role is not None:
            claims[role].append(path)
    before = _prefix(path for paths in claims.values() for path in paths)
    files = choose_files(claims, others, lambda role: f"{before}{role}.nii.gz")
    ignored = (
        *(printable(path.name) for path in others),
        *(f"{printable(path.name)}/" for path in listing.folders),
    )
    return Candidate(place.name, place.path, place.above, place.label, files, ignored)


def explain(listing: Listing, place: Place) -> LeftOut:
    """Say why a folder with volumes is no case: what was found and what was expected."""
    cases = sorted({case for path in listing.volumes for case in _case_in(path.name)})
    found = f"holds {names_of(listing.volumes)}"
    if len(cases) == 1:
        reason = f"{found}: the files are named after {cases[0]} and the folder is not; call it so"
    elif cases:
        shown = ", ".join(cases[:3])
        reason = f"{found}: files of several cases ({shown}); give each case a folder of its own"
    else:
        reason = f"{found}: no file has the name of a role; {_EXPECTED}"
    return LeftOut(place.label, reason)


def _require_no_other_case(listing: Listing) -> None:
    for folder in listing.folders:
        inside = list_folder(folder)
        if holds_a_case(inside):
            raise UnfitFolder(
                f"holds the files of a case and, in {folder.name}, those of another; move one"
            )


def _prefix(claimed: Iterable[Path]) -> str:
    """What the files' names have before the role."""
    first = next(iter(claimed))
    stem = stem_of(first.name) or ""
    ends = [name for name in NAMES if stem.lower().endswith(name)]
    return stem[: len(stem) - max(map(len, ends), default=0)]


def _role(path: Path) -> str | None:
    """The role in the folder's case, whose name may begin with that of the patient's folder."""
    folder = path.parent
    names = [
        folder.name,
        f"{folder.parent.name}_{folder.name}",
        f"{folder.parent.name}-{folder.name}",
    ]
    if is_visit(folder.name):
        names.append(folder.parent.name)
    return next((role for name in names if (role := role_of(path.name, case_id=name))), None)


def _case_in(name: str) -> Iterator[str]:
    """The case that a file's name begins with, if it ends with a role."""
    stem = stem_of(name) or ""
    for role in NAMES:
        for separator in "_-":
            if stem.lower().endswith(separator + role):
                yield stem[: -len(role) - 1]
                return
