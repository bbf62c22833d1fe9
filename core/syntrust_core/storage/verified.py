"""Read a published file and prove that it is what its manifest promises."""

from __future__ import annotations

import hashlib

from syntrust_core.contracts.base import FileInfo
from syntrust_core.errors import ObjectDamaged
from syntrust_core.storage.base import ObjectStore


def read_verified(store: ObjectStore, info: FileInfo) -> bytes:
    """Read one small file of a manifest.

    Raises
    ------
    ObjectDamaged
        If its bytes do not have the SHA-256 that the manifest recorded.
    """
    content = store.get(info.key)
    if hashlib.sha256(content).hexdigest() != info.sha256:
        raise ObjectDamaged(f"{info.key} is not what its manifest promises.", key=info.key)
    return content
