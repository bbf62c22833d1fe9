"""The search of a folder for cases: every folder below it comes to one outcome."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntrust.bodies import Scheme
from syntrust.errors import UnfitFolder
from syntrust.intake import bids, nnunet, plain
from syntrust.intake.case_ids import give_ids
from syntrust.intake.file_checks import dead_link, is_dead_link
from syntrust.intake.listing import Listing, list_folder, names_of
from syntrust.intake.outcomes import (
    Candidate,
    FoundCase,
    LeftOut,
    NotRead,
    Outcome,
    Refusal,
    Survey,
    Unfit,
)
from syntrust.intake.places import Place

DEEPEST: Final = 5
"""How many folders below the one that is searched a case may lie."""


def survey(folder: Path | str, *, scheme: Scheme = "auto") -> Survey:
    """Look for the cases in a folder and below; read no more of a file than its first bytes.

    A folder is a case if it has files with the names of roles; a subject of BIDS and an nnU-Net
    dataset are read as theirs. Other folders are looked into, to 5 levels. `scheme` is what
    the caller says of the label values; under "auto", an nnU-Net dataset's own words count.

    Raises
    ------
    UnfitFolder
        If it is no folder.
    """
    root = Path(folder).resolve()
    if not root.is_dir():
        raise UnfitFolder(f"{folder} is not a folder.")
    return _sort(root, list(_look(Place(root, root), scheme, DEEPEST)))


def read_case(folder: Path | str) -> FoundCase:
    """Read a folder that holds one case and nothing else.

    Raises
    ------
    UnfitFolder
        If it is none, or cannot be sent as it is: with the folder, and every reason.
    """
    found = survey(folder)
    unfit = [*found.refused, *found.left_out]
    if unfit:
        told = "; ".join(_told(each, found) for each in unfit)
        raise UnfitFolder(f"{folder}: {told}.")
    if len(found.cases) != 1:
        names = ", ".join(case.label for case in found.cases[:3])
        raise UnfitFolder(f"{folder} holds {len(found.cases)} cases ({names}); name one of them.")
    return found.cases[0]


def _told(unfit: Unfit, found: Survey) -> str:
    return unfit.reason if unfit.label == found.folder.name else f"{unfit.label}: {unfit.reason}"


def _sort(root: Path, outcomes: list[Outcome]) -> Survey:
    cases, nameless = give_ids(each for each in outcomes if isinstance(each, Candidate))
    unread = [each for each in outcomes if isinstance(each, NotRead)]
    refused = [*(each for each in outcomes if isinstance(each, Refusal)), *nameless]
    return Survey(
        folder=root,
        cases=tuple(cases),
        refused=tuple(sorted(refused, key=lambda each: each.label)),
        left_out=tuple(each for each in outcomes if isinstance(each, LeftOut)),
        not_read=tuple(label for each in unread for label in each.labels),
        hidden=sum(each.hidden for each in unread),
    )


def _look(place: Place, scheme: Scheme, depth: int) -> Iterator[Outcome]:
    try:
        listing = list_folder(place.entry)
    except UnfitFolder as error:
        yield LeftOut(place.label, str(error))
        return
    if nnunet.is_dataset(listing):
        yield from nnunet.read_dataset(listing, place, scheme)
    elif bids.is_subject(place.entry):
        yield from bids.read_subject(place.entry, place)
    elif plain.holds_a_case(listing):
        yield NotRead(hidden=listing.hidden)
        yield from plain.read_case(listing, place)
    elif nnunet.is_numbered(listing):
        yield from nnunet.read_folder(listing, place, scheme)
    else:
        yield from _look_below(listing, place, scheme, depth)


def _look_below(listing: Listing, place: Place, scheme: Scheme, depth: int) -> Iterator[Outcome]:
    if not listing.folders:
        yield _no_case(listing, place)
        yield NotRead(hidden=listing.hidden)
        return
    yield from _loose_files(listing, place)
    is_bids = any(bids.is_subject(folder) for folder in listing.folders)
    for folder in listing.folders:
        if is_bids and folder.name in bids.BESIDE:
            yield NotRead((f"{place.of(folder).label}/",))
        elif folder.resolve() in {place.entry, *place.entry.parents}:
            yield LeftOut(place.of(folder).label, "is a link to a folder that it lies in")
        elif depth == 0:
            yield LeftOut(place.of(folder).label, f"lies more than {DEEPEST} folders deep")
        else:
            yield from _look(place.of(folder), scheme, depth - 1)


def _no_case(listing: Listing, place: Place) -> LeftOut:
    if listing.volumes:
        return plain.explain(listing, place)
    if not listing.files:
        return LeftOut(place.label, "is empty")
    return LeftOut(
        place.label, f"holds no NIfTI file (.nii.gz or .nii), but {names_of(listing.files)}"
    )


def _loose_files(listing: Listing, place: Place) -> Iterator[Outcome]:
    """Tell the files beside folders. A volume or a dead link may be what was meant to be sent."""
    dead = [path for path in listing.files if is_dead_link(path)]
    for path in dead:
        yield LeftOut(place.of(path).label, dead_link(path))
    for path in listing.volumes:
        if path not in dead:
            yield LeftOut(place.of(path).label, "is a volume outside the folder of a case")
    labels = tuple(place.of(path).label for path in listing.others if path not in dead)
    yield NotRead(labels, listing.hidden)
