"""A subject of a BIDS dataset: sub-X[/ses-Y]/anat/sub-X[_ses-Y][_key-value ...]_T1w.nii.gz.

Masks may also lie in derivatives/<pipeline>, there only under a name that says tumour, lesion or
brain: a pipeline's `_dseg` is as often one of tissues.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from syntrust.errors import UnfitFolder
from syntrust.intake.claims import choose_files
from syntrust.intake.file_names import stem_of
from syntrust.intake.listing import Listing, is_folder, list_folder, printable
from syntrust.intake.outcomes import Candidate, LeftOut, NotRead, Outcome, Refusal
from syntrust.intake.places import Place

SUBJECT: Final = "sub-"
SESSION: Final = "ses-"
BESIDE: Final = frozenset({"derivatives", "sourcedata", "code", "phenotype", "stimuli"})
"""Folders of a BIDS dataset that hold no case."""
_IMAGES: Final = {"T2w": "t2", "FLAIR": "flair"}
_TUMOUR: Final = frozenset({"tumor", "tumour", "lesion"})
_SUFFIXES: Final = {
    "t1": "T1w",
    "t1ce": "ce-gadolinium_T1w",
    "t2": "T2w",
    "flair": "FLAIR",
    "seg": "dseg",
}


def is_subject(folder: Path) -> bool:
    """Whether it is a subject's folder, with `anat` or sessions that have it."""
    if not folder.name.startswith(SUBJECT):
        return False
    return is_folder(folder / "anat") or any(folder.glob(f"{SESSION}*/anat/"))


def read_subject(folder: Path, place: Place) -> Iterator[Outcome]:
    """Read the sessions of a subject, each of which is a case."""
    try:
        listing = list_folder(folder)
    except UnfitFolder as error:
        yield Refusal(place.label, str(error))
        return
    sessions = [each for each in listing.folders if each.name.startswith(SESSION)]
    if is_folder(folder / "anat"):
        yield from _read_session(folder, folder.name, place)
    for session in sessions:
        yield from _read_session(session, f"{folder.name}_{session.name}", place.of(session))
    yield _not_read(listing, place)


def role_of(name: str, subject: str, *, derived: bool = False) -> str | None:
    """The role that a BIDS name claims for a subject and session, if any."""
    stem = stem_of(name)
    if stem is None or not stem.startswith(f"{subject}_"):
        return None
    *pairs, suffix = stem.removeprefix(f"{subject}_").split("_")
    entities = dict(pair.partition("-")[::2] for pair in pairs)
    if suffix in {"dseg", "mask"}:
        return _mask_role(suffix, entities, derived=derived)
    if derived:
        return None
    return _image_role(suffix, entities)


def _image_role(suffix: str, entities: Mapping[str, str]) -> str | None:
    if suffix == "T1w":
        return "t1ce" if "ce" in entities else "t1"
    return None if "ce" in entities else _IMAGES.get(suffix)


def _mask_role(suffix: str, entities: Mapping[str, str], *, derived: bool) -> str | None:
    told = {entities[key].lower() for key in ("desc", "label") if key in entities}
    if told & _TUMOUR:
        return "seg"
    if suffix == "mask":
        return "brain" if "brain" in told else None
    return "seg" if not told and not derived else None


def _not_read(listing: Listing, place: Place) -> NotRead:
    """What lies in the folder of a subject or session and is neither images nor a session."""
    beside = [
        folder
        for folder in listing.folders
        if folder.name != "anat" and not folder.name.startswith(SESSION)
    ]
    labels = [place.of(path).label for path in listing.files]
    labels += [f"{place.of(folder).label}/" for folder in beside]
    return NotRead(tuple(labels), listing.hidden)


def _read_session(folder: Path, name: str, place: Place) -> Iterator[Outcome]:
    if not is_folder(folder / "anat"):
        yield LeftOut(place.label, "has no folder anat, where BIDS has the images")
        return
    try:
        session, listing = list_folder(folder), list_folder(folder / "anat")
        if folder.name.startswith(SESSION):
            yield _not_read(session, place)
        yield NotRead(hidden=listing.hidden)
        yield _read_files(listing.files, name, place)
    except UnfitFolder as error:
        yield Refusal(place.label, str(error))


def _read_files(files: tuple[Path, ...], name: str, place: Place) -> Candidate:
    claims: defaultdict[str, list[Path]] = defaultdict(list)
    others = []
    for path in files:
        if role := role_of(path.name, name):
            claims[role].append(path)
        else:
            others.append(path)
    for path in _derived(place, name):
        if role := role_of(path.name, name, derived=True):
            claims[role].append(path)
        else:
            others.append(path)
    chosen = choose_files(claims, others, lambda role: f"{name}_{_SUFFIXES[role]}.nii.gz")
    parts = (*place.path[:-1], name) if name == place.name else (*place.path[:-2], name)
    ignored = tuple(printable(path.name) for path in others)
    return Candidate(name, parts, place.above, place.label, chosen, ignored)


def _derived(place: Place, name: str) -> Iterator[Path]:
    """Masks of the same subject and session that pipelines made."""
    subject, _, session = name.partition("_")
    dataset = next(
        each.parent for each in (place.entry, *place.entry.parents) if each.name == subject
    )
    where = f"*/{subject}/{session}/anat" if session else f"*/{subject}/anat"
    for folder in sorted((dataset / "derivatives").glob(where)):
        yield from (
            path
            for path in list_folder(folder).volumes
            if "seg" in path.name or "mask" in path.name
        )
