"""Two clients with one of each thing that a client may have, and how each operation is tried.

A new operation needs a line in one of these tables; `test_tenant_isolation` says which is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.unit.gateway.api_harness import ApiHarness, play, send
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.experiments.test_routes import report_results

from syntrust_core.contracts.base import Kind, Manifest, Provenance, StepMessage
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState, Step, StepState

ROLES: Final = (
    *("t1", "t1ce", "t2", "flair", "seg", "brain"),
    *("prediction_real", "prediction_synthetic", "checkpoint"),
)
REPORT: Final = ("results.csv", "fig4.svg", "report.html")
GRID: Final = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
ANNOUNCED: Final = {"sha256": "0" * 64, "bytes": 3}


@dataclass(frozen=True)
class Tenant:
    """A client, and what it has, by id unless it is said otherwise."""

    api: Api
    open_dataset: str
    dataset: str
    experiment: str
    second_experiment: str
    upload: str
    job: str
    generator: str
    segmenter: str
    segmenter_name: str

    @property
    def names(self) -> list[str]:
        """What no answer to another client may hold."""
        return [each for each in vars(self).values() if isinstance(each, str)]


# What is said in the path, by the name of the parameter: a thing of the owner, or a text.
IN_PATH: Final[Mapping[str, tuple[str, ...]]] = {
    "dataset_id": ("<open_dataset>", "<dataset>"),
    "case_id": ("case-a", "case-0"),
    "experiment_id": ("<experiment>",),
    "figure": ("fig4.svg",),
    "upload_id": ("<upload>",),
    "job_id": ("<job>",),
    "model_id": ("<segmenter>", "<segmenter_name>", "<generator>"),
}
# What such an operation needs besides, so that nothing but the path is wrong.
BESIDES: Final[Mapping[str, dict[str, Any]]] = {
    "register_case": {"json": {"id": "b", "files": {"t1": ANNOUNCED}}},
    "change_dataset": {"json": {"tags": ["t"]}},
    "change_experiment": {"json": {"priority": 0}},
    "change_job": {"json": {"priority": 0}},
    "derive_dataset": {"json": {"without": ["case-0"]}},
    "get_predictions": {"params": {"model": "<segmenter>"}},
}
# Each field of a body that names a resource: what it names, and a body with another's there (<it>).
IN_BODY: Final[Mapping[tuple[str, str], tuple[str, dict[str, Any]]]] = {
    ("create_experiment", "/dataset"): ("<dataset>", {"dataset": "<it>", "alphas": [0]}),
    ("create_experiment", "/generator/model"): (
        "<generator>",
        {"dataset": "<dataset>", "alphas": [0], "generator": {"model": "<it>"}},
    ),
    ("create_experiment", "/segmenter/start"): (
        "<segmenter>",
        {"dataset": "<dataset>", "alphas": [0], "segmenter": {"start": "<it>"}},
    ),
    ("create_synthesis", "/upload"): ("<upload>", {"upload": "<it>"}),
    ("create_synthesis", "/generator/model"): (
        "<generator>",
        {"upload": "<upload>", "generator": {"model": "<it>"}},
    ),
    ("create_segmentation", "/upload"): (
        "<upload>",
        {"upload": "<it>", "model": "<segmenter>"},
    ),
    ("create_segmentation", "/case/dataset"): (
        "<dataset>",
        {"case": {"dataset": "<it>", "id": "case-0"}, "model": "<segmenter>"},
    ),
    ("create_segmentation", "/model"): (
        "<segmenter>",
        {"upload": "<upload>", "model": "<it>"},
    ),
    ("create_volume_score", "/cases/0/upload"): (
        "<upload>",
        {"cases": [{"id": "a", "upload": "<it>"}]},
    ),
    ("plan_power", "/spread/id"): (
        "<experiment>",
        {"cases": 100, "seeds": 3, "spread": {"kind": "experiment", "id": "<it>"}},
    ),
    ("compare_experiments", "/experiments/0"): (
        "<experiment>",
        {"experiments": ["<it>", "<second_experiment>"]},
    ),
    ("create_model", "/upload"): ("<upload>", {"name": "new", "upload": "<it>"}),
    ("create_model", "/train/dataset"): (
        "<dataset>",
        {"name": "newer", "train": {"dataset": "<it>", "iterations": 1}},
    ),
    ("create_model", "/train/start"): (
        "<generator>",
        {
            "name": "newest",
            "train": {"dataset": "<dataset>", "iterations": 1, "start": "<it>", "config": {}},
        },
    ),
}
# The last names of texts that name nothing which a client has.
PLAIN_FIELDS: Final = {
    *("name", "tags", "group", "sha256", "overrides", "dataset_digest", "alphas", "preset"),
    *("train", "test", "validation", "cases", "seen", "without", "real_alone"),
}
# Ids of cases, which belong to their dataset; and of steps, which `test_repeat` tries.
PLAIN: Final = {
    *(("register_case", "/id"), ("register_case", "/patient")),
    ("create_segmentation", "/case/id"),
    *(("create_volume_score", "/cases/0/id"), ("create_experiment", "/generator/model/id")),
    ("create_experiment", "/segmenter/start/model/id"),
    *(("plan_power", "/spread/cases/0/id"), ("plan_power", "/spread/real_alone/0/id")),
    ("create_session", "/key"),  # whoever has it is its client
}
LISTS: Final = {"list_datasets", "list_experiments", "list_jobs", "list_models"}
# Whatever they name in a path or a body: other keys are refused before that is read.
ADMINS_ONLY: Final = {
    *("get_metrics", "get_workers", "get_client_usage", "get_audit"),
    *("create_client", "list_clients", "get_client", "change_client"),
    *("create_key", "list_keys", "get_key", "rotate_key", "expire_key", "revoke_key"),
}
NAME_NOTHING: Final = {
    *("create_dataset", "create_upload", "trust_score", "trust_factors", "live", "ready"),
    *("create_session", "get_session", "delete_session"),  # the one whose cookie is sent
    "get_queues",  # sums over all clients, and whose they are is not said
}


def fill(template: Any, own: Tenant, it: str = "") -> Any:
    """Put what a client has, and `it`, where a template of JSON names them."""
    names = {**vars(own), "it": it}
    text = json.dumps(template)
    for name, value in names.items():
        if isinstance(value, str):
            text = text.replace(f"<{name}>", value)
    return json.loads(text)


def make_tenant(
    api: Api, name: str, container: Container, store: MemoryStore, folder: Path
) -> Tenant:
    """Let a client have one of each thing, with contents that no other client has."""
    body = {"name": "d", "grid": GRID}
    dataset, opened = (api.post("/datasets", json=body).json()["id"] for _ in range(2))
    case = {"id": "case-a", "files": {"t1": ANNOUNCED}}
    assert api.post(f"/datasets/{opened}/cases", json=case).status_code == 201
    make_ready(container, dataset, name.encode().hex())
    spec = {"dataset": dataset, "alphas": [1], "name": name}
    experiment, second = (api.post("/experiments", json=spec).json()["id"] for _ in range(2))
    upload = send(api, store, {role: f"{role} of {name}".encode() for role in ROLES})
    job = api.post("/models", json={"name": name, "upload": upload}).json()["id"]
    ApiHarness(container, store, folder).drain(publish)
    model = api.get("/models", params={"kind": "segmenter"}).json()["items"][0]
    made = (opened, dataset, experiment, second, upload, job, job, model["id"], model["name"])
    return Tenant(api, *made)


def make_ready(container: Container, dataset: str, name: str) -> None:
    """Make a dataset ready, with ten cases that were inspected."""
    with container.write.begin() as session:
        row = session.get_one(Dataset, dataset)
        row.state, row.digest = DatasetState.READY, name.ljust(64, "0")
        for index in range(10):
            step = f"{name}{index}".ljust(64, "0")
            case = Case(dataset_id=dataset, case_id=f"case-{index}", files={}, step=step)
            case.state, case.record = CaseState.READY, {"fingerprint": step, "canonical": GRID}
            case.record |= {"scheme": {"NCR": 1, "ED": 2, "ET": 4}, "digests": {}}
            done = Step(id=step, kind=Kind.INSPECT_CASE, message={}, needs=[])
            made = Provenance(host="h", started="2026-11-22T10:00:00.000+00:00", seconds=1)
            manifest = Manifest(kind=done.kind, id=step, attempt="a", files={}, made=made)
            done.state, done.manifest = StepState.DONE, manifest.model_dump(mode="json")
            session.add_all([case, done])


def publish(message: StepMessage, context: StepContext) -> None:
    """Publish what a step gives; a report with results as they are."""
    if message.KIND is not Kind.BUILD_REPORT:
        play(message, context)
        return
    for name in (*REPORT, "results.json"):
        path = context.scratch / name
        path.write_text(json.dumps(report_results()) if name == "results.json" else "a file")
        context.add(name, path)
