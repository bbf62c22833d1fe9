"""Cases as nnU-Net has them: imagesTr/<case>_0000.nii.gz ... and labelsTr/<case>.nii.gz.

What channel 0000 is, and what label 1 means, stands in `dataset.json` alone, and differs from
dataset to dataset. Nothing is read without it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from syntrust.bodies import Scheme
from syntrust.errors import UnfitFolder
from syntrust.intake.claims import choose_files
from syntrust.intake.file_names import stem_of
from syntrust.intake.listing import Listing, is_folder, list_folder, printable
from syntrust.intake.nnunet_json import NAME, Meaning, read_meaning
from syntrust.intake.outcomes import Candidate, LeftOut, NotRead, Outcome, Refusal
from syntrust.intake.places import Place

IMAGES: Final = "imagesTr"
LABELS: Final = "labelsTr"
_CHANNEL: Final = re.compile(r"(.+)_(00\d\d)")
Numbered = Mapping[str, Mapping[int, Sequence[Path]]]
"""Files by case and channel."""


def is_dataset(listing: Listing) -> bool:
    """Whether a folder is a whole dataset of nnU-Net."""
    return any(folder.name == IMAGES for folder in listing.folders)


def is_numbered(listing: Listing) -> bool:
    """Whether a folder holds files of channels, as case_0000.nii.gz."""
    return bool(_by_case(listing.volumes))


def read_dataset(listing: Listing, place: Place, scheme: Scheme) -> Iterator[Outcome]:
    """Read the cases of imagesTr with their masks of labelsTr."""
    folder = listing.folder
    try:
        meaning = _meaning(folder, place.root, scheme)
        images, labels = list_folder(folder / IMAGES), _masks(folder / LABELS)
    except UnfitFolder as error:
        yield Refusal(place.label, str(error))
        return
    yield from _cases(images.volumes, labels, meaning, place.of(images.folder))
    yield from _beside(listing, images, place)


def read_folder(listing: Listing, place: Place, scheme: Scheme) -> Iterator[Outcome]:
    """Read the cases of a folder with images and masks side by side."""
    masks = {stem: path for path in listing.volumes if (stem := _stem(path)) and _unnumbered(path)}
    try:
        meaning = _meaning(listing.folder, place.root, scheme)
    except UnfitFolder as error:
        yield Refusal(place.label, str(error))
        return
    yield from _cases(listing.volumes, masks, meaning, place)
    unread = (*listing.others, *listing.folders)
    yield NotRead(tuple(place.of(path).label for path in unread), listing.hidden)


def _cases(
    volumes: Sequence[Path], masks: Mapping[str, Path], meaning: Meaning, place: Place
) -> Iterator[Outcome]:
    numbered = _by_case(volumes)
    for case, channels in numbered.items():
        try:
            yield _case(case, channels, masks.get(case), meaning, place)
        except UnfitFolder as error:
            yield Refusal(_label(case, place), str(error))
    used = {path for case in numbered for path in _files_of(numbered, masks, case)}
    for path in sorted({*volumes, *masks.values()} - used):
        yield LeftOut(place.of(path).label, _why_unused(path, masks))


def _case(
    name: str,
    channels: Mapping[int, Sequence[Path]],
    mask: Path | None,
    meaning: Meaning,
    place: Place,
) -> Candidate:
    claims: defaultdict[str, list[Path]] = defaultdict(list)
    others: list[Path] = []
    for number, paths in channels.items():
        role = meaning.roles.get(number)
        (others if role is None else claims[role]).extend(paths)
    if mask is not None:
        claims["seg"].append(mask)
    files = choose_files(claims, others, lambda role: _expected(role, name, meaning))
    ignored = tuple(printable(path.name) for path in others)
    path = (*place.path, name) if place.name != name else place.path
    label, above = _label(name, place), place.above
    return Candidate(name, path, above, label, files, ignored, meaning.scheme)


def _label(case: str, place: Place) -> str:
    return place.label if case == place.name else f"{place.label}/{case}"


def _expected(role: str, case: str, meaning: Meaning) -> str:
    if role == "seg":
        return f"{LABELS}/{case}.nii.gz"
    number = next(number for number, named in meaning.roles.items() if named == role)
    return f"{case}_{number:04d}.nii.gz"


def _meaning(folder: Path, root: Path, scheme: Scheme) -> Meaning:
    """What the nearest dataset.json says, from the folder up to the one that is searched."""
    for each in (folder, *folder.parents):
        if (each / NAME).is_file():
            return read_meaning(each / NAME, scheme)
        if each == root:
            break
    raise UnfitFolder(
        f"has the names of nnU-Net (_0000, _0001 ...), whose meaning stands in {NAME}; there is "
        f"none here: add it, with channel_names (or modality) and labels"
    )


def _masks(folder: Path) -> dict[str, Path]:
    if not is_folder(folder):
        raise UnfitFolder(f"has {IMAGES} and no {LABELS}, where the masks are")
    return {stem: path for path in list_folder(folder).volumes if (stem := _stem(path))}


def _beside(listing: Listing, images: Listing, place: Place) -> Iterator[Outcome]:
    """Tell what else lies in a dataset's folder: test images have no mask."""
    for folder in listing.folders:
        if folder.name not in {IMAGES, LABELS}:
            yield LeftOut(place.of(folder).label, f"is not read: cases are in {IMAGES}")
    unread = (*listing.others, *images.others)
    yield NotRead(tuple(place.of(path).label for path in unread), listing.hidden + images.hidden)
    for path in listing.volumes:
        yield LeftOut(place.of(path).label, f"lies beside {IMAGES}, not in it")


def _by_case(volumes: Sequence[Path]) -> Numbered:
    found: defaultdict[str, defaultdict[int, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in volumes:
        if match := _CHANNEL.fullmatch(_stem(path)):
            found[match[1]][int(match[2])].append(path)
    return found


def _files_of(numbered: Numbered, masks: Mapping[str, Path], case: str) -> Iterator[Path]:
    for paths in numbered[case].values():
        yield from paths
    if case in masks:
        yield masks[case]


def _why_unused(path: Path, masks: Mapping[str, Path]) -> str:
    if path in masks.values():
        return f"is a mask without images: expected {_stem(path)}_0000.nii.gz"
    return f"has no channel number: expected {_stem(path)}_0000.nii.gz"


def _unnumbered(path: Path) -> bool:
    return _CHANNEL.fullmatch(_stem(path)) is None


def _stem(path: Path) -> str:
    return stem_of(path.name) or ""
