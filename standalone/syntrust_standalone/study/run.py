"""Run a study over the API, from its cases to the file of its results.

It may be interrupted at any point and started again. What is registered, asked for or computed
already is found again, on the platform and not in a file of this program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from syntrust.api_types import DatasetBody
from syntrust.bodies import AnyResults
from syntrust.cli.printing.progress import show, tell_lost
from syntrust.client import Client
from syntrust.connection import require_success
from syntrust.errors import ExperimentFailed, NotFound, UnfitFolder
from syntrust_core.contracts.base import RECIPES
from syntrust_core.contracts.canonical import digest
from syntrust_core.errors import InvalidRequest
from syntrust_standalone.runs.phantom_dataset import PhantomMaking, find_or_register
from syntrust_standalone.study.results_file import (
    CaseVolumes,
    StudyResults,
    build_results,
    read_results,
    write_results,
)
from syntrust_standalone.study.spec import Phantoms, Study, StudyExperiment

RESULTS_FILE: Final = "results.json"
_GONE: Final = "cancelled"


@dataclass(frozen=True)
class StudyPlace:
    """Where a study works: a folder for phantoms and results, and where results are to lie.

    `dataset` is the id of the dataset of a study of registered cases, if not found by its name.
    `processor` is told in the results.
    """

    data: Path
    out: Path | None = None
    dataset: str | None = None
    processor: str | None = None
    replace: bool = False


def conduct(client: Client, study: Study, place: StudyPlace, console: Console) -> StudyResults:
    """Have every experiment computed, join their results, write and tell them."""
    dataset = client.datasets.get(find_dataset(client, study, place, console))
    asked = [_ask(client, each, build_request(study, each, dataset)) for each in study.experiments]
    for each, experiment in zip(study.experiments, asked, strict=True):
        console.print(f"experiment {each.name}: {experiment}", markup=False)
        states = client.experiments.watch(experiment, on_lost=tell_lost(console))
        last = show(console, states)
        if last is not None:
            require_success(last, ExperimentFailed)
    found: dict[str, AnyResults] = {
        each.name: client.experiments.results(experiment)
        for each, experiment in zip(study.experiments, asked, strict=True)
    }
    picture = _fetch_picture(client, asked[0])
    results = build_results(
        study, found, _list_cases(dataset, found), picture=picture, processor=place.processor
    )
    _write(results, place, picture, console)
    return results


def find_dataset(client: Client, study: Study, place: StudyPlace, console: Console) -> str:
    """Find the dataset of a study, or make and register its phantoms; its id.

    Raises
    ------
    InvalidRequest
        No ready dataset has the name that the study gives.
    """
    if isinstance(study.dataset, Phantoms):
        seed, count = study.dataset.seed, study.split.cases
        cases = PhantomMaking(place.data / "cohort", seed=seed, count=count).wait(console)
        return find_or_register(client, cases, console, name=f"study-{study.name}")
    if place.dataset is not None:
        return place.dataset
    name = study.dataset.name
    ready = [each for each in client.datasets.list() if each["state"] == "ready"]
    known = [each["id"] for each in ready if each["name"] == name]
    if len(known) != 1:
        said = "There is no ready dataset" if not known else f"There are {len(known)} datasets"
        raise InvalidRequest(
            f"{said} of the name {name}: register the cases with `syntrust dataset add FOLDER "
            f"--name {name}`, or name one with --dataset ID.",
            pointer="/dataset/name",
        )
    return known[0]


def build_request(
    study: Study, experiment: StudyExperiment, dataset: DatasetBody
) -> dict[str, Any]:
    """Build the body of `POST /experiments` for one experiment of a study.

    Raises
    ------
    InvalidRequest
        The dataset has another number of cases than the split of the study.
    """
    return {
        "dataset": dataset["id"],
        "alphas": list(experiment.alphas),
        "seeds": list(experiment.seeds),
        "split": _split(study, dataset),
        "generator": {**study.generator.model_dump(mode="json"), "twins": experiment.twins},
        "segmenter": study.segmenter.model_dump(mode="json"),
        "controls": list(experiment.controls),
    }


def _split(study: Study, dataset: DatasetBody) -> dict[str, Any]:
    split, ids = study.split, sorted(case["id"] for case in dataset["cases"])
    if len(ids) != split.cases:
        raise InvalidRequest(
            f"The dataset has {len(ids)} cases, and the split of the study {study.name} is of "
            f"{split.cases}.",
            pointer="/split",
        )
    if split.seed is not None:
        fractions = {
            "test_fraction": split.test / split.cases,
            "validation_fraction": split.validation / split.cases,
        }
        return {"seed": split.seed, **fractions}
    validation = split.train + split.validation
    return {
        "train": ids[: split.train],
        "validation": ids[split.train : validation],
        "test": ids[validation:],
    }


def _ask(client: Client, experiment: StudyExperiment, request: Mapping[str, Any]) -> str:
    """Find the experiment of just this request, and go on with it; else ask for it. Its id.

    An experiment of other recipes is not the same: asked for again, it computes what has changed.
    """
    recipes = {str(kind): recipe for kind, recipe in RECIPES.items()}
    tag = f"study-{digest({'request': request, 'recipes': recipes})[:16]}"
    for known in client.experiments.list():
        if tag in known["tags"] and known["state"] != _GONE:
            if known["state"] == "failed":
                client.experiments.retry(known["id"])
            return known["id"]
    kept = {name: value for name, value in request.items() if name not in ("dataset", "alphas")}
    settings: dict[str, Any] = {"name": f"study: {experiment.name}", "tags": [tag], **kept}
    return client.experiments.create(request["dataset"], request["alphas"], **settings)["id"]


def _fetch_picture(client: Client, experiment: str) -> bytes | None:
    try:
        return client.experiments.figure(experiment, "fig2", file_format="png")
    except NotFound:
        return None


def _list_cases(dataset: DatasetBody, found: Mapping[str, AnyResults]) -> dict[str, CaseVolumes]:
    """Give every case with its volumes and its part, which is the same in each experiment."""
    spec = next(iter(found.values()))["provenance"]["spec"]
    volumes = {case["id"]: case["region_volumes_ml"] or {} for case in dataset["cases"]}
    return {
        case: {"part": part, "volumes_ml": {str(k): v for k, v in volumes[case].items()}}
        for part in ("train", "validation", "test")
        for case in spec[part]
    }


def _write(
    results: StudyResults, place: StudyPlace, picture: bytes | None, console: Console
) -> None:
    write_results(results, place.data / RESULTS_FILE, picture)
    console.print(f"study digest {results['digest']}", soft_wrap=True)
    if place.out is not None and not _is_there(place.out, results, place):
        write_results(results, place.out, picture)
    console.print(f"  {place.out or place.data / RESULTS_FILE}", soft_wrap=True, markup=False)


def _is_there(out: Path, results: StudyResults, place: StudyPlace) -> bool:
    """Tell whether a file holds these results, with what they took when it was written.

    Raises
    ------
    UnfitFolder
        It holds other ones: of another study, or of another processor's arithmetic.
    """
    if place.replace or not out.exists():
        return False
    if read_results(out)["digest"] != results["digest"]:
        raise UnfitFolder(
            f"{out} holds other results and stays as it is; these are in {place.data}. Name "
            "another file with --out, or write over it with --replace."
        )
    return True
