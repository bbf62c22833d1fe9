"""Which files of a case or an upload are still to be received, and what a receipt changes.

A file's key says where it is: a staged file is a claim, a file under `content/` is proven.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts.base import Manifest
from syntrust_core.contracts.uploads import (
    CONTENT_PREFIX,
    RECEIVED_FILE,
    ReceiveUpload,
    content_key,
)
from syntrust_core.errors import ObjectDamaged, ObjectMissing
from syntrust_core.log import get_logger
from syntrust_core.storage.base import ObjectStore
from syntrust_core.storage.verified import read_verified
from syntrust_gateway.db.content_tables import Content
from syntrust_gateway.db.session import insert_new
from syntrust_gateway.db.tables import Case, Step, Upload, utc_now

log = get_logger(__name__)

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


def take_receipt(
    session: Session, store: ObjectStore, owner: int, row: Case | Upload, step: Step
) -> list[Any]:
    """Record what a finished step has received, and give the problems of what it refused.

    From then on `row` names the received files by the content that is kept.
    """
    problems: list[Any] = (step.error or {}).get("problems", [])
    refused = {problem["file"] for problem in problems}
    proven = {
        role: file
        for role, file in step.message["files"].items()
        if role not in refused and row.files.get(role) == file
    }
    rewritten = _rewritten(store, step)
    kept = {role: name_content(rewritten.get(role, file)) for role, file in proven.items()}
    row.files = {**row.files, **kept}
    proofs = [_proof(owner, file) for file in kept.values()]
    changed = [_proof(owner, proven[role], kept[role]) for role in proven if role in rewritten]
    insert_new(session, Content, [*proofs, *changed])
    return problems


def name_content(file: FileRow) -> dict[str, Any]:
    """Name a received file by its content."""
    return {"key": content_key(file["sha256"]), "bytes": file["bytes"], "sha256": file["sha256"]}


def _rewritten(store: ObjectStore, step: Step) -> Mapping[str, FileRow]:
    """Read which files a worker has kept without the text of their headers, by role.

    None if the receipt is damaged: a step that then misses a file names it, to be sent again.
    """
    receipt = Manifest.model_validate(step.manifest).files.get(RECEIVED_FILE)
    if receipt is None:
        return {}
    try:
        found: Mapping[str, FileRow] = json.loads(read_verified(store, receipt)).get(
            "rewritten", {}
        )
    except (ObjectMissing, ObjectDamaged, ValueError):
        log.warning("uploads.receipt_damaged", step=step.id)
        return {}
    return found


def _proof(owner: int, file: FileRow, kept: FileRow | None = None) -> dict[str, Any]:
    return {
        "owner": owner,
        "sha256": file["sha256"],
        "bytes": file["bytes"],
        "created": utc_now(),
        "kept_sha256": None if kept is None else kept["sha256"],
        "kept_bytes": None if kept is None else kept["bytes"],
    }


def find_proven(session: Session, owner: int, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Find what this client has proven to possess: what is kept of it, by announced SHA-256."""
    wanted = sorted(set(digests))
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), _DIGESTS_PER_QUERY):
        chunk = wanted[start : start + _DIGESTS_PER_QUERY]
        query = select(Content).where(Content.owner == owner, Content.sha256.in_(chunk))
        found |= {row.sha256: _kept(row) for row in session.scalars(query)}
    return found


def _kept(row: Content) -> dict[str, Any]:
    if row.kept_sha256 is None:
        return name_content({"sha256": row.sha256, "bytes": row.bytes})
    return name_content({"sha256": row.kept_sha256, "bytes": row.kept_bytes})
