"""The file of a study's results: what was found, its digest, and where it came from.

It names no machine, path, id or date, so the same results are the same bytes. The digest covers
what was asked and found; `provenance`, what it took, is beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast

from typing_extensions import TypedDict

from syntrust.bodies import AnyResults
from syntrust_core.contracts.base import QUEUES, Kind
from syntrust_core.contracts.canonical import digest
from syntrust_core.errors import InvalidRequest
from syntrust_standalone.study.spec import Study

VERSION: Final = 1
PICTURE: Final = "fig2.png"
_ADDED: Final = ("experiment", "provenance", "digest")
_OF_MACHINE: Final = "platform"
"""Of a step's versions: the kernel of its machine, down to the build."""

_OWN: Final = ("dataset",)
"""Of a request as it was resolved: what names a row of one installation."""


class CaseVolumes(TypedDict):
    """Volumes of one case in ml by region, and its part of the split."""

    part: Literal["train", "validation", "test"]
    volumes_ml: dict[str, float]


class StudyExperimentResults(TypedDict):
    """One experiment: what was asked with every choice written out, and what was found."""

    request: dict[str, Any]
    results: dict[str, Any]
    """As the API gives them, without `experiment` and `provenance`."""


class StudyProvenance(TypedDict):
    """What the results took, and with which versions. No digest covers it."""

    processor: str | None
    """Where the steps were computed; null where the platform's machine was not this one."""

    steps: dict[str, int]
    """Distinct steps by kind."""

    device_hours: dict[str, float]
    """Hours of the attempts that gave them, by kind of worker."""

    recipes: dict[str, int]
    versions: dict[str, list[str]]
    """Of Python and this project, every version that a step or an answer was computed with."""


class StudyResults(TypedDict):
    """The whole file."""

    version: int
    digest: str
    """SHA-256 of the canonical JSON of all but itself and `provenance`."""

    study: dict[str, Any]
    """The file of the study, without its cost."""

    cases: dict[str, CaseVolumes]
    experiments: dict[str, StudyExperimentResults]
    pictures: dict[str, str]
    """SHA-256 of each picture that lies beside the file, by the end of its name."""

    provenance: StudyProvenance


def build_results(
    study: Study,
    found: Mapping[str, AnyResults],
    cases: Mapping[str, CaseVolumes],
    *,
    picture: bytes | None,
    processor: str | None,
) -> StudyResults:
    """Join the results of a study's experiments, by name, into one body.

    Parameters
    ----------
    study : Study
        The file of the study.
    found : mapping of str to results
        What `GET /experiments/{id}/results` gives of each experiment.
    cases : mapping of str to CaseVolumes
        Every case of the dataset by its id.
    picture : bytes or None
        Figure 2 of the main experiment as PNG, which no numbers give again.
    processor : str or None
        The name of the processor that computed the steps, and how many cores.
    """
    content: dict[str, Any] = {
        "version": VERSION,
        "study": study.model_dump(mode="json", exclude={"cost"}),
        "cases": dict(sorted(cases.items())),
        "experiments": {name: _strip(results) for name, results in found.items()},
        "pictures": {} if picture is None else {PICTURE: hashlib.sha256(picture).hexdigest()},
    }
    provenance = _sum_up(found.values(), processor)
    body = {**content, "digest": _digest(content), "provenance": provenance}
    return cast("StudyResults", body)


def _strip(results: AnyResults) -> StudyExperimentResults:
    spec = results["provenance"]["spec"]
    kept = {name: value for name, value in results.items() if name not in _ADDED[:2]}
    asked = {name: value for name, value in spec.items() if name not in _OWN}
    return {"request": asked, "results": kept}


def _digest(content: Mapping[str, Any]) -> str:
    """Digest the content with each experiment's results by their own digest, which covers them."""
    experiments = {
        name: {"request": each["request"], "digest": each["results"]["digest"]}
        for name, each in content["experiments"].items()
    }
    return f"sha256:{digest({**content, 'experiments': experiments})}"


def _sum_up(found: Collection[AnyResults], processor: str | None) -> StudyProvenance:
    steps = {step["step"]: step for each in found for step in each["provenance"]["steps"]}
    kinds: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    versions: dict[str, set[str]] = defaultdict(set)
    for step in steps.values():
        kinds[step["kind"]] += 1
        seconds[str(QUEUES[Kind(step["kind"])])] += step["seconds"] or 0.0
    for made in (*steps.values(), *(each["provenance"] for each in found)):
        for name, version in made["versions"].items():
            versions[name].add(str(version))
    versions.pop(_OF_MACHINE, None)
    recipes = {
        kind: recipe for each in found for kind, recipe in each["provenance"]["recipes"].items()
    }
    return {
        "processor": processor,
        "steps": dict(sorted(kinds.items())),
        "device_hours": {queue: round(s / 3600, 4) for queue, s in sorted(seconds.items())},
        "recipes": {kind: recipe for kind, recipe in sorted(recipes.items()) if kind in kinds},
        "versions": {name: sorted(known) for name, known in sorted(versions.items())},
    }


def write_results(results: StudyResults, file: Path, picture: bytes | None) -> None:
    """Write the file, and the picture beside it: a line for each experiment, keys sorted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if picture is not None:
        find_picture(file).write_bytes(picture)
    file.write_text(_dump(results), encoding="utf-8")


def _dump(results: StudyResults) -> str:
    """Give JSON that a reader and a diff can find their way in, at little more than its size."""
    lines = [f"{json.dumps(key)}: {_line(value)}" for key, value in sorted(results.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def find_picture(file: Path) -> Path:
    """Give where the picture of a file of results lies: beside it, under its name."""
    return file.with_name(f"{file.stem}.{PICTURE}")


def read_results(file: Path) -> StudyResults:
    """Read a file of results, and check every digest in it.

    Raises
    ------
    InvalidRequest
        It cannot be read, is of another version, or holds other than its digests say.
    """
    try:
        body: StudyResults = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{file} is no file of a study's results: {error}.") from error
    if not isinstance(body, dict) or body.get("version") != VERSION:
        raise InvalidRequest(f"{file} is no file of a study's results of version {VERSION}.")
    for name, each in body["experiments"].items():
        _require(each["results"]["digest"], each["results"], f"{file}, experiment {name}")
    if body["digest"] != _digest(_content(body)):
        raise InvalidRequest(f"{file} holds other than its digest says; make it anew.")
    for sha256 in body["pictures"].values():
        picture = find_picture(file)
        if not picture.is_file() or hashlib.sha256(picture.read_bytes()).hexdigest() != sha256:
            raise InvalidRequest(f"{picture} is missing, or not the picture of these results.")
    return body


def _content(body: StudyResults) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("digest", "provenance")}


def _require(expected: str, results: Mapping[str, Any], where: str) -> None:
    content = {name: value for name, value in results.items() if name not in _ADDED}
    if f"sha256:{digest(content)}" != expected:
        raise InvalidRequest(f"{where}: the results are other than their digest says.")
