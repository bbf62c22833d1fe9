"""Running a worker's step from folder to folder, over a store in memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepError, StepMessage
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import Outcome, StepHandler, publish_imported, run_step
from syntrust_core.testing import MemoryCoordinator, MemoryStore

CACHE_BYTES = 1 << 34


def ref_of(kind: Kind, name: str) -> Ref:
    """An artifact by a name of our own."""
    return Ref(kind=kind, id=hashlib.sha256(name.encode()).hexdigest())


def run_from_folders(
    message: StepMessage,
    work: StepHandler,
    inputs: Mapping[Ref, Path],
    *,
    out: Path,
    threads: int,
) -> None:
    """Run a step over the folders of its inputs, and write what it publishes into `out`.

    `out` appears whole; what a stopped run left beside it is removed.
    """
    scratch = out.with_name(f"{out.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    found = scratch / "files"
    found.mkdir(parents=True)
    store = MemoryStore()
    for ref, folder in inputs.items():
        files = {path.name: path for path in folder.iterdir() if path.is_file()}
        publish_imported(store, ref, files)
    outcome = run_step(
        message,
        work,
        store=store,
        coordinator=MemoryCoordinator(),
        cache=InputCache(store, scratch / "cache", limit_bytes=CACHE_BYTES),
        scratch=scratch,
        threads=threads,
    )
    if outcome is not Outcome.DONE:
        errors = [store.get(item.key) for item in store.list(message.ref.errors_prefix)]
        texts = [StepError.model_validate_json(error).text for error in errors]
        raise RuntimeError(f"{message.KIND}: {outcome}: {texts}")
    manifest = Manifest.model_validate_json(store.get(message.ref.manifest_key))
    for name, info in manifest.files.items():
        store.get_file(info.key, found / name)
    found.rename(out)
    shutil.rmtree(scratch)
