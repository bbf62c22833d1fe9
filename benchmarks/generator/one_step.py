"""Running a worker's step from folder to folder, over a store in memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.runtime.runner import StepHandler
from syntrust_core.testing.step_bench import StepBench

CACHE_BYTES = 1 << 34


def make_ref(kind: Kind, name: str) -> Ref:
    """An artifact by a name of our own."""
    return Ref(kind=kind, id=hashlib.sha256(name.encode()).hexdigest())


def run_from_folders(
    message: StepMessage,
    work: StepHandler,
    inputs: Mapping[Ref, Path],
    *,
    out: Path,
    threads: int,
    options: object,
) -> None:
    """Run a step over the folders of its inputs, and write what it publishes into `out`.

    `out` appears whole; what a stopped run left beside it is removed.
    """
    scratch = out.with_name(f"{out.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    found = scratch / "files"
    found.mkdir(parents=True)
    bench = StepBench(scratch, cache_bytes=CACHE_BYTES, threads=threads, options=options)
    for ref, folder in inputs.items():
        bench.publish_folder(ref.kind, ref.id, folder)
    manifest = bench.run(message, work)
    for name, info in manifest.files.items():
        bench.store.get_file(info.key, found / name)
    found.rename(out)
    shutil.rmtree(scratch)
