"""An object store in a folder, for what is measured without the cost of a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from syntrust_core.errors import ObjectMissing
from syntrust_core.storage.base import ObjectInfo

FOLDER_VARIABLE = "BENCH_FOLDER"


class FolderStore:
    """`ObjectStore` with a file for each object, in the folder that a variable names."""

    def __init__(self, _: object = None) -> None:
        self._folder = Path(os.environ[FOLDER_VARIABLE])

    def ensure_bucket(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes, *, content_type: str = "") -> None:  # noqa: ARG002
        path = self._make_path(key)
        part = path.with_name(uuid4().hex)
        part.write_bytes(data)
        part.replace(path)

    def put_file(self, key: str, path: Path, *, content_type: str = "") -> None:
        self.put(key, path.read_bytes(), content_type=content_type)

    def create(self, key: str, data: bytes, *, content_type: str = "") -> bool:  # noqa: ARG002
        path = self._make_path(key)
        part = path.with_name(uuid4().hex)
        part.write_bytes(data)
        try:
            path.hardlink_to(part)  # whole or not at all, as an object is
        except FileExistsError:
            return False
        finally:
            part.unlink()
        return True

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        try:
            data = (self._folder / key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(f"There is no object {key}.", key=key) from error
        return data[offset : None if length is None else offset + length]

    def get_file(self, key: str, path: Path) -> None:
        path.write_bytes(self.get(key))

    def info(self, key: str) -> ObjectInfo | None:
        path = self._folder / key
        return ObjectInfo(key, path.stat().st_size) if path.is_file() else None

    def exists(self, key: str) -> bool:
        return (self._folder / key).is_file()

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for path in (self._folder / prefix).parent.rglob("*"):
            key = str(path.relative_to(self._folder))
            if key.startswith(prefix) and path.is_file():
                yield ObjectInfo(key, path.stat().st_size)

    def delete(self, key: str) -> None:
        (self._folder / key).unlink(missing_ok=True)

    def copy(self, source: str, target: str) -> None:
        self.put(target, self.get(source))

    def presign_put(self, key: str, *, size_bytes: int, expires: timedelta) -> str:
        raise NotImplementedError(key, size_bytes, expires)

    def presign_get(self, key: str, *, expires: timedelta) -> str:
        raise NotImplementedError(key, expires)

    def _make_path(self, key: str) -> Path:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
