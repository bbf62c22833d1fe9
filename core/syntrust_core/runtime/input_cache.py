"""Local copies of published artifacts, bounded in size; the least recently used goes first."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from syntrust_core.contracts.base import FileInfo, Manifest, Ref
from syntrust_core.errors import ObjectDamaged, ObjectMissing
from syntrust_core.files import file_sha256
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified


class InputCache:
    """Folders of artifact files under `root`, one per artifact, owned by one worker process.

    A folder appears whole, by a rename, after every digest was checked. `trim` is called between
    steps, never during one, so no folder is removed while it is read.
    """

    def __init__(self, store: ObjectStore, root: Path, *, limit_bytes: int) -> None:
        self._store = store
        self._root = root
        self._limit_bytes = limit_bytes

    def folder(self, ref: Ref) -> Path:
        """Give the folder with the artifact's files; download it if it is not here yet."""
        target = self._root / ref.kind / ref.id
        if not target.is_dir():
            self._download(ref, target)
        os.utime(target)
        return target

    def read(self, ref: Ref, name: str) -> bytes:
        """Read one small file of an artifact without fetching the others."""
        local = self._root / ref.kind / ref.id / name
        if local.is_file():
            return local.read_bytes()
        with _naming(ref):
            return read_verified(self._store, self._manifest(ref).files[name])

    def trim(self) -> None:
        """Remove the folders used longest ago until the rest fits the limit."""
        folders = sorted(self._root.glob("*/*"), key=lambda folder: folder.stat().st_mtime)
        sizes = {folder: _size_bytes(folder) for folder in folders}
        excess = sum(sizes.values()) - self._limit_bytes
        for folder in folders:
            if excess <= 0:
                return
            shutil.rmtree(folder)
            excess -= sizes[folder]

    def _download(self, ref: Ref, target: Path) -> None:
        manifest = self._manifest(ref)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=self._root, prefix="part-"))
        try:
            with _naming(ref):
                for name, info in manifest.files.items():
                    self._fetch(info, part / name)
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _fetch(self, info: FileInfo, path: Path) -> None:
        self._store.get_file(info.key, path)
        if file_sha256(path) != info.sha256:
            raise ObjectDamaged(f"{info.key} is not what its manifest says.", key=info.key)

    def _manifest(self, ref: Ref) -> Manifest:
        with _naming(ref):
            raw = self._store.get(ref.manifest_key)
            try:
                return Manifest.model_validate_json(raw)
            except ValidationError as error:
                key = ref.manifest_key
                raise ObjectDamaged(f"{key} cannot be read.", key=key) from error


@contextmanager
def _naming(ref: Ref) -> Iterator[None]:
    """Let an error about the artifact's objects name it, so that it can be computed again."""
    try:
        yield
    except (ObjectMissing, ObjectDamaged) as error:
        error.context |= {"artifact_kind": str(ref.kind), "artifact": ref.id}
        raise


def _size_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
