"""Case ids: the rule, and the id of a folder whose name does not follow it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from syntrust.errors import UnfitFolder
from syntrust.intake.outcomes import Candidate, FoundCase, Refusal

_RULE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
RULE: Final = (
    "a case id is 1 to 128 characters: letters a to z and A to Z, digits, '.', '_' and '-', "
    "with a letter or digit first"
)
_NO_ID: Final = f"its name gives no case id: {RULE}; rename it"
# A folder of a visit does not name its patient, but the folder above does.
_VISIT: Final = re.compile(
    r"(?:time[_-]?point|time|tp|session|visit|week|month|follow[_-]?up|fu|baseline|pre|post|t)"
    r"[_-]?\d*(?:[_-]?op)?|ses-[a-z0-9]+",
    re.IGNORECASE,
)
_SPELT: Final = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l"})


def is_case_id(text: str) -> bool:
    """Whether the server takes it as the id of a case."""
    return _RULE.fullmatch(text) is not None


def require_case_id(text: str) -> str:
    """Give the id back, or refuse it with the rule in words.

    Raises
    ------
    UnfitFolder
        If it does not follow the rule.
    """
    if not is_case_id(text):
        raise UnfitFolder(f"{text!r} cannot be a case id: {RULE}.")
    return text


def make_case_id(name: str) -> str | None:
    """The id of a folder: its name, or the name with '-' for what no id may hold.

    Accents are dropped: `Müller_2` gives `Muller_2`, and `Patient 01` gives `Patient-01`. None if
    nothing is left, or too much for an id.
    """
    if is_case_id(name):
        return name
    plain = unicodedata.normalize("NFKD", name.translate(_SPELT))
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    made = re.sub(r"[^A-Za-z0-9._-]+", "-", kept).strip("-").lstrip("._-")
    return made if is_case_id(made) else None


def is_visit(name: str) -> bool:
    """Whether a folder's name tells a time point and no patient: `ses-1`, `Timepoint_2`, `pre`."""
    return _VISIT.fullmatch(name) is not None


def give_ids(found: Iterable[Candidate]) -> tuple[list[FoundCase], list[Refusal]]:
    """Give each case an id of its own; refuse those whose names give none, or the same one.

    A case is called as its folder, and a visit as its patient's folder and its own. Where two
    have one name, as in the folders of two sites, every id is the whole path joined by '_': all
    visits of a patient then still begin alike.
    """
    candidates = list(found)
    shared = max(Counter(map(_own_name, candidates)).values(), default=1) > 1
    by_id: defaultdict[str | None, list[Candidate]] = defaultdict(list)
    for each in candidates:
        by_id[make_case_id(_whole_name(each) if shared else _own_name(each))].append(each)
    refusals = [Refusal(each.label, _NO_ID) for each in by_id.pop(None, [])]
    refusals += [clash for own in by_id.values() if len(own) > 1 for clash in _clashes(own)]
    cases = [
        _case(name, own[0], whole=shared)
        for name, own in by_id.items()
        if name is not None and len(own) == 1
    ]
    return sorted(cases, key=lambda case: case.id), refusals


def _own_name(found: Candidate) -> str:
    return f"{found.above}_{found.name}" if is_visit(found.name) else found.name


def _whole_name(found: Candidate) -> str:
    return "_".join(found.path) if len(found.path) > 1 else _own_name(found)


def _case(name: str, found: Candidate, *, whole: bool) -> FoundCase:
    return FoundCase(
        id=name,
        label=found.label,
        files=found.files,
        ignored=found.ignored,
        scheme=found.scheme,
        patient=_patient(found, whole=whole),
    )


def _patient(found: Candidate, *, whole: bool) -> str | None:
    """The patient of a visit is the folder above; other ids tell the server themselves."""
    if not is_visit(found.name):
        return None
    inside = "_".join(found.path[:-1])
    return make_case_id(inside if whole and inside else found.above)


def _clashes(own: Sequence[Candidate]) -> list[Refusal]:
    labels = ", ".join(each.label for each in own)
    reason = f"several would have one case id: {labels}; rename them"
    return [Refusal(each.label, reason) for each in own]
