"""Run the steps of a worker in this process, over a store in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepError, StepMessage
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import Outcome, StepHandler, publish_imported, run_step
from syntrust_core.testing.doubles import MemoryCoordinator, MemoryStore


class StepBench:
    """A store and a coordinator in memory, a cache under `scratch`, and steps run over them."""

    def __init__(
        self,
        scratch: Path,
        *,
        store: MemoryStore | None = None,
        coordinator: MemoryCoordinator | None = None,
        cache_bytes: int = 1 << 30,
        threads: int = 1,
        options: object = None,
    ) -> None:
        self.scratch = scratch
        self.store = store or MemoryStore()
        self.coordinator = coordinator or MemoryCoordinator()
        self.cache = InputCache(self.store, scratch / "cache", limit_bytes=cache_bytes)
        self.threads = threads
        self.options = options

    def publish(self, kind: Kind, step: str, files: Mapping[str, Path]) -> Ref:
        """Publish files as if the step of that id had computed them."""
        ref = Ref(kind=kind, id=step)
        publish_imported(self.store, ref, files)
        return ref

    def publish_folder(self, kind: Kind, step: str, folder: Path) -> Ref:
        """Publish every file of a folder as if the step of that id had computed it."""
        files = {path.name: path for path in folder.iterdir() if path.is_file()}
        return self.publish(kind, step, files)

    def attempt(self, message: StepMessage, handler: StepHandler) -> Outcome:
        """Run a step once, however it ends."""
        return run_step(
            message,
            handler,
            store=self.store,
            coordinator=self.coordinator,
            cache=self.cache,
            scratch=self.scratch,
            threads=self.threads,
            options=self.options,
        )

    def run(self, message: StepMessage, handler: StepHandler) -> Manifest:
        """Run a step and read its manifest.

        Raises
        ------
        RuntimeError
            The step did not end as done; the text has its outcome and its errors.
        """
        outcome = self.attempt(message, handler)
        if outcome is not Outcome.DONE:
            texts = [error.text for error in self.read_errors(message.ref)]
            msg = f"{message.KIND}: {outcome}: {texts}"
            raise RuntimeError(msg)
        return Manifest.model_validate_json(self.store.get(message.ref.manifest_key))

    def read(self, manifest: Manifest, name: str) -> bytes:
        """Read a published file."""
        return self.store.get(manifest.files[name].key)

    def read_errors(self, ref: Ref) -> list[StepError]:
        """Read the errors that attempts at a step have left."""
        keys = [item.key for item in self.store.list(ref.errors_prefix)]
        return [StepError.model_validate_json(self.store.get(key)) for key in keys]
