"""The object store: every byte that was uploaded or computed. Vendor errors end here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """A stored object; `modified` is when it was last written."""

    key: str
    bytes: int
    modified: datetime | None = field(default=None, compare=False)


class ObjectStore(Protocol):
    """The few verbs the platform needs of S3. Keys are relative to one bucket.

    Reading a key that is not there raises `ObjectMissing`; a server that does not answer raises
    `StoreUnavailable`. A put is atomic: a reader sees the old object or the whole new one.
    """

    def put(self, key: str, data: bytes, *, content_type: str = ...) -> None:
        """Write or replace one object."""
        ...

    def put_file(self, key: str, path: Path, *, content_type: str = ...) -> None:
        """Stream a local file into one object."""
        ...

    def create(self, key: str, data: bytes, *, content_type: str = ...) -> bool:
        """Write only if the key is free. Of many writers exactly one gets True."""
        ...

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        """The object, or `length` bytes of it from `offset`."""
        ...

    def get_file(self, key: str, path: Path) -> None:
        """Stream one object to a local file; the file appears whole or not at all."""
        ...

    def info(self, key: str) -> ObjectInfo | None:
        """Size of the object, or None if there is none."""
        ...

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, in no promised order."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Copy one object inside the store. It is replaced whole, as by a put."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens if there is none."""
        ...

    def presign_put(self, key: str, *, size_bytes: int, expires: timedelta) -> str:
        """A URL that lets its holder PUT this one object of exactly this size until it expires."""
        ...

    def presign_get(self, key: str, *, expires: timedelta) -> str:
        """A URL that lets its holder GET this one object until it expires."""
        ...
