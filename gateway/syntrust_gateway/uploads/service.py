"""Uploads for single jobs: announced, put into staging, taken by jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts import base as contracts
from syntrust_core.contracts.uploads import content_key
from syntrust_core.contracts.vocabulary import Scheme
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.auth.access import find_row, parse_row_id
from syntrust_gateway.auth.quotas import require_room
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Upload
from syntrust_gateway.errors import FieldError, InvalidFields
from syntrust_gateway.uploads.receipts import is_received
from syntrust_gateway.uploads.schemas import NewUpload, UploadBody, UploadedFile, UploadPlaces
from syntrust_gateway.uploads.staging import find_held, make_target, make_targets, place_files


@dataclass(frozen=True)
class TakenUpload:
    """The files that a job takes from an upload, by role and by content, and their label scheme.

    `received` says whether all of them are proven already; `case` is what the job calls them.
    """

    id: str
    files: Mapping[str, contracts.Upload]
    scheme: Scheme
    received: bool
    case: str | None = None


def create(container: Container, caller: Caller, request: NewUpload) -> UploadPlaces:
    body = request.model_dump(mode="json")
    held = find_held(container, caller.id, body["files"])
    files = place_files(caller.id, body["files"], held)
    with container.write.begin() as session:
        upload = Upload(scheme=body["scheme"], files=files, owner=caller.id)
        session.add(upload)
        session.flush()
        require_room(session, caller.id, container.limits.stored_bytes)
        audit(session, caller, "upload.create", upload.id, roles=sorted(upload.files))
    targets = make_targets(container.store, upload.files, container.upload_expires)
    return UploadPlaces.model_validate({"id": upload.id, "files": targets})


def get_upload(container: Container, caller: Caller, upload_id: str) -> UploadBody:
    """Tell what was announced, what of it has arrived, and where the rest is to be put."""
    with container.read() as session:
        found = find_row(session, caller, Upload, upload_id)
    problems = {problem["file"]: problem["reason"] for problem in found.problems}
    files = {
        role: _file_body(container, file, problems.get(role)) for role, file in found.files.items()
    }
    columns = {"id": found.id, "scheme": found.scheme, "created": found.created}
    return UploadBody.model_validate({**columns, "files": files})


def _file_body(container: Container, file: Mapping[str, Any], problem: str | None) -> UploadedFile:
    told = {"bytes": file["bytes"], "sha256": file["sha256"], "problem": problem}
    if problem is not None:
        return UploadedFile(**told, arrived=False, url=None, expires=None)
    target = make_target(container.store, file, container.upload_expires)
    return UploadedFile(**told, arrived=target.url is None, url=target.url, expires=target.expires)


def take(
    container: Container,
    caller: Caller,
    requested: Mapping[str, str],
    *,
    needs: Sequence[str],
    may: Sequence[str] = (),
) -> dict[str, TakenUpload]:
    """Take the files of several uploads, {pointer of the field that names it: upload}.

    Raises
    ------
    InvalidFields
        If an upload is not there for this caller, lacks a file of `needs`, or has one that has not
        arrived at its announced size or was refused. It names them all. The job waits until the
        digests are checked.
    """
    with container.read() as session:
        rows = _rows(session, caller, requested.values())
    found = {at: rows.get(parse_row_id(upload) or "-") for at, upload in requested.items()}
    wrong = [
        FieldError(at, reason)
        for at, row in found.items()
        for reason in _reasons(container.store, row, requested[at], needs, may)
    ]
    if wrong:
        raise InvalidFields(wrong[0].detail, wrong)
    return {at: _taken(row, (*needs, *may)) for at, row in found.items() if row is not None}


def _taken(upload: Upload, roles: Iterable[str]) -> TakenUpload:
    files = {role: upload.files[role] for role in roles if role in upload.files}
    # Steps read files by their content, wherever they are now.
    parsed = {
        role: contracts.Upload.model_validate({**file, "key": content_key(file["sha256"])})
        for role, file in files.items()
    }
    received = all(is_received(file) for file in files.values())
    return TakenUpload(upload.id, parsed, upload.scheme, received)


def _rows(session: Session, caller: Caller, ids: Iterable[str]) -> dict[str, Upload]:
    known = [found for upload_id in ids if (found := parse_row_id(upload_id))]
    rows = session.scalars(select(Upload).where(Upload.id.in_(known))).all()
    return {row.id: row for row in rows if caller.may_see(row.owner)}


def _reasons(
    store: ObjectStore,
    upload: Upload | None,
    upload_id: str,
    needs: Sequence[str],
    may: Sequence[str],
) -> list[str]:
    """List the reasons why a job cannot take the upload."""
    if upload is None:
        return [f"There is no upload {upload_id}."]
    return [
        reason
        for role in (*needs, *may)
        if (reason := _lack(store, upload, role, needed=role in needs))
    ]


def _lack(store: ObjectStore, upload: Upload, role: str, *, needed: bool) -> str | None:
    file = upload.files.get(role)
    if file is None:
        return f"The upload {upload.id} has no file {role}." if needed else None
    refused = [problem["reason"] for problem in upload.problems if problem["file"] == role]
    if refused or is_received(file):
        return str(refused[0]) if refused else None
    held = store.info(file["key"])
    if held is None:
        return f"{role} of upload {upload.id} has not arrived yet."
    if held.bytes != file["bytes"]:
        return (
            f"{role} of upload {upload.id} has {held.bytes} bytes; {file['bytes']} were announced."
        )
    return None
