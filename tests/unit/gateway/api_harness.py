"""An orchestrator over the doubles of the API, and workers played by the test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.unit.gateway.conftest import CARD, SEGMENTER_CARD, Api
from tests.unit.gateway.job_documents import METADATA, SEGMENTATION, TWIN

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.contracts.job_steps import ImportModel
from syntrust_core.contracts.uploads import ReceiveUpload
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import StepContext, StepHandler, run_step
from syntrust_core.testing import MemoryQueue, MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.orchestrator import Orchestrator
from syntrust_gateway.orchestrator.reconcile import Servers
from syntrust_metrics.receiving import receive_upload

WARNING: Final = {"file": "seg", "field": "grid", "reason": "9 voxels lie outside the grid."}
RECORD: Final = {
    "warnings": [WARNING],
    "resampling": "linear",
    "canonical": {"spacing_mm": [3.0, 3.0, 3.0]},
}
HISTORY: Final = {
    "loss": [0.9, 0.5],
    "learning_rate": [0.1, 0.0],
    "validation": [
        {"iteration": 2, "case": "v", "image": "real", "dice": {"ET": 0.5, "ED": None}},
        {"iteration": 2, "case": "w", "image": "real", "dice": {"ET": 0.7, "ED": None}},
    ],
}
HOLDS: Final[Mapping[str, Any]] = {
    "card.json": CARD,
    "case.json": RECORD,
    "config.json": SEGMENTER_CARD,
    "history.json": HISTORY,
    "twin.json": TWIN,
    "segmentation.json": SEGMENTATION,
    "metadata.json": METADATA,
}
GIVES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.INSPECT_CASE: ("case.json",),
    Kind.SYNTHESISE_CASE: ("twin.json",),
    Kind.EXPORT_IMAGES: ("t1.nii.gz", "twin.json", "case.json"),
    Kind.SEGMENT_CASE: ("seg.nii.gz", "segmentation.json", "case.json"),
    Kind.EXPORT_BUNDLE: ("bundle.zip", "metadata.json"),
    Kind.COMPARE_TWIN: ("comparison.json",),
    Kind.TRAIN_SEGMENTER: ("config.json", "history.json", "MODEL_CARD.md", "weights.safetensors"),
    Kind.PREDICT_CASES: ("predictions.json",),
    Kind.SCORE_CASES: ("scores.json",),
    Kind.BUILD_REPORT: ("results.json",),
    Kind.PRINT_REPORT: ("report.pdf",),
    Kind.IMPORT_MODEL: ("card.json", "model.safetensors"),
    Kind.TRAIN_GENERATOR: ("card.json", "model.safetensors"),
}


def play(message: StepMessage, context: StepContext) -> None:
    """What a step would publish, without the work: uploads are checked all the same."""
    if isinstance(message, InspectCase):
        for role, upload in message.files.items():
            context.fetch_upload(role, upload, context.scratch / role)
    if isinstance(message, ImportModel):
        context.fetch_upload("checkpoint", message.checkpoint, context.scratch / "checkpoint")
    for name in GIVES[message.KIND]:
        path = context.scratch / name
        path.write_text(json.dumps(HOLDS.get(name, {"of": message.KIND})))
        context.add(name, path)


def refuse(message: StepMessage, context: StepContext) -> None:
    """An inspection that refuses its mask; nothing else may be asked for."""
    assert message.KIND is Kind.INSPECT_CASE
    path = context.scratch / "problems.json"
    problem = {"file": "brain", "field": "file", "reason": "A brain mask is needed."}
    path.write_text(json.dumps([problem]))
    context.add(path.name, path)


@dataclass
class ApiHarness:
    """Tick an orchestrator, and compute what it submits with the handlers it is given.

    Uploads are received as a worker does it, whatever the handler; `received` has these steps, and
    `computed` all others.
    """

    container: Container
    store: MemoryStore
    folder: Path
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    computed: list[StepMessage] = field(default_factory=list)
    elapsed_s: float = 0.0
    received: list[ReceiveUpload] = field(default_factory=list)

    def __post_init__(self) -> None:
        servers = Servers(
            self.store,
            self.container.coordinator,
            self.queue,
            monotonic=lambda: self.elapsed_s,
        )
        self.orchestrator = Orchestrator(self.container.write, self.container.read, servers)

    def tick(self) -> None:
        """Tick, and let the time pass until everything is due again."""
        self.orchestrator.tick()
        self.elapsed_s += 60

    def drain(self, handler: StepHandler = play) -> None:
        """Tick and work until nothing moves any more."""
        idle = 0
        while idle < 3:
            self.tick()
            idle = 0 if self.queue.messages else idle + 1
            while self.queue.messages:
                self._compute(self.queue.take(), handler)

    def receive(self) -> None:
        """Tick and receive uploads, until the queue holds other work or nothing."""
        self.tick()
        while self.queue.messages and self.queue.messages[0].KIND is Kind.RECEIVE_UPLOAD:
            self._compute(self.queue.take(), play)
            self.tick()
            self.tick()

    def work_once(self, handler: StepHandler = play) -> None:
        """Compute one submitted step, without a tick after it."""
        self._compute(self.queue.take(), handler)

    def lease_next(self) -> str:
        """Take the next message as a worker would that then works for long; the step's id."""
        step = self.queue.take().step_id
        self.container.coordinator.acquire_lease(step, "worker")
        return step

    def _compute(self, message: StepMessage, handler: StepHandler) -> None:
        if isinstance(message, ReceiveUpload):
            self.received.append(message)
            handler = receive_upload
        else:
            self.computed.append(message)
        run_step(
            message,
            handler,
            store=self.store,
            coordinator=self.container.coordinator,
            cache=InputCache(self.store, self.folder / "cache", limit_bytes=1 << 30),
            scratch=self.folder,
        )

    def kinds(self) -> list[Kind]:
        """Kinds of the steps that were computed, in order."""
        return [message.KIND for message in self.computed]


def send(
    api: Api,
    store: MemoryStore,
    files: Mapping[str, bytes],
    *,
    scheme: Any = "auto",
    put: Mapping[str, bytes] | None = None,
) -> str:
    """Announce files and put them where they are to go, if that is asked; the upload's id.

    `put` holds other bytes than were announced, by role.
    """
    announced = {
        role: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for role, content in files.items()
    }
    answer = api.post("/uploads", json={"scheme": scheme, "files": announced})
    assert answer.status_code == 201, answer.text
    for role, place in answer.json()["files"].items():
        if place["url"] is not None:
            store.put(key_of(place["url"]), {**files, **(put or {})}[role])
    upload: str = answer.json()["id"]
    return upload


def key_of(url: str) -> str:
    """The store's key behind a URL that `MemoryStore` signed."""
    return url.removeprefix("memory://").partition("?")[0]
