"""Links to stored files. Volumes and weights never pass through the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from syntrust_core.contracts.base import FileInfo
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.db.tables import utc_now

LINK_EXPIRES: Final = timedelta(hours=1)


class FileLink(AnswerBody):
    """A file to GET from its URL, without a key, before it expires."""

    url: str
    expires: datetime
    bytes: int
    sha256: Annotated[str | None, Field(description="Null while the file may still change.")] = None


def make_links(store: ObjectStore, files: Mapping[str, FileInfo]) -> dict[str, FileLink]:
    """Sign a GET for each file, by name."""
    return {
        name: make_link(store, info.key, size=info.bytes, sha256=info.sha256)
        for name, info in files.items()
    }


def make_link(store: ObjectStore, key: str, *, size: int, sha256: str | None = None) -> FileLink:
    url = store.presign_get(key, expires=LINK_EXPIRES)
    return FileLink(url=url, expires=utc_now() + LINK_EXPIRES, bytes=size, sha256=sha256)
