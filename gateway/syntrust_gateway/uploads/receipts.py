"""Which files of a case or an upload are still to be received, and what a receipt changes.

A file's key says where it is: a staged file is a claim, a file under `content/` is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.uploads import CONTENT_PREFIX, ReceiveUpload, content_key
from syntrust_gateway.db.content_tables import Content
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import Case, Step, Upload, utc_now

FileRow = Mapping[str, Any]
"""A file of a case or an upload: key, bytes and sha256."""
_DIGESTS_PER_QUERY = 500


def is_received(file: FileRow) -> bool:
    """Tell whether this client has proven to possess the file."""
    return str(file["key"]).startswith(CONTENT_PREFIX)


def make_receipt(files: Mapping[str, FileRow]) -> ReceiveUpload | None:
    """Make the step that receives what is not received of `files`; None if all of it is."""
    claimed = {role: file for role, file in files.items() if not is_received(file)}
    return ReceiveUpload.model_validate({"files": claimed}) if claimed else None


def take_receipt(session: Session, owner: int, row: Case | Upload, step: Step) -> list[Any]:
    """Record what a finished step has received, and give the problems of what it refused.

    From then on `row` names the received files by their content.
    """
    problems: list[Any] = (step.error or {}).get("problems", [])
    refused = {problem["file"] for problem in problems}
    proven = {
        role: file
        for role, file in step.message["files"].items()
        if role not in refused and row.files.get(role) == file
    }
    kept = {role: {**file, "key": content_key(file["sha256"])} for role, file in proven.items()}
    row.files = {**row.files, **kept}
    insert_new(session, Content, [_proof(owner, file) for file in kept.values()])
    return problems


def _proof(owner: int, file: FileRow) -> dict[str, Any]:
    return {
        "owner": owner,
        "sha256": file["sha256"],
        "bytes": file["bytes"],
        "created": utc_now(),
    }


def find_proven(session: Session, owner: int, files: Iterable[FileRow]) -> set[tuple[str, int]]:
    """Find which of `files` this client has proven to possess, as (SHA-256, bytes)."""
    digests = sorted({file["sha256"] for file in files})
    found = set()
    for start in range(0, len(digests), _DIGESTS_PER_QUERY):
        chunk = digests[start : start + _DIGESTS_PER_QUERY]
        query = select(Content.sha256, Content.bytes).where(
            Content.owner == owner, Content.sha256.in_(chunk)
        )
        found |= {(row.sha256, row.bytes) for row in session.execute(query)}
    return found
