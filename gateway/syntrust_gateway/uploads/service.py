"""Uploads for single jobs, and where a caller puts each announced file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syntrust_core.contracts import base as contracts
from syntrust_core.contracts.vocabulary import Scheme
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.auth.access import find_row, parse_row_id
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Upload, utc_now
from syntrust_gateway.errors import FieldError, InvalidFields
from syntrust_gateway.uploads.schemas import (
    NewUpload,
    UploadBody,
    UploadedFile,
    UploadPlaces,
    UploadTarget,
)


@dataclass(frozen=True)
class TakenUpload:
    """The files that a job takes from an upload, by role, and their label scheme."""

    files: Mapping[str, contracts.Upload]
    scheme: Scheme


def upload_key(owner_id: str, sha256: str) -> str:
    """Make the key of a file of a dataset or of a single upload."""
    return f"uploads/{owner_id}/{sha256}"


def add_keys(owner_id: str, files: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Add their keys to announced files, {role: {bytes, sha256}}."""
    return {
        role: {"key": upload_key(owner_id, file["sha256"]), **file} for role, file in files.items()
    }


def make_targets(
    store: ObjectStore, files: Mapping[str, Mapping[str, Any]], expires_in: timedelta
) -> dict[str, UploadTarget]:
    """Sign a PUT for every file that the store does not yet have at its full size."""
    expires = utc_now() + expires_in
    targets = {}
    for role, file in files.items():
        held = store.info(file["key"])
        if held is not None and held.bytes == file["bytes"]:
            targets[role] = UploadTarget(url=None, expires=None)
        else:
            url = store.presign_put(file["key"], size_bytes=file["bytes"], expires=expires_in)
            targets[role] = UploadTarget(url=url, expires=expires)
    return targets


def create(container: Container, caller: Caller, request: NewUpload) -> UploadPlaces:
    body = request.model_dump(mode="json")
    with container.write.begin() as session:
        upload = Upload(scheme=body["scheme"], files={}, owner=caller.id)
        session.add(upload)
        session.flush()
        upload.files = add_keys(upload.id, body["files"])
        audit(session, caller, "upload.create", upload.id, roles=sorted(upload.files))
    targets = make_targets(container.store, upload.files, container.upload_expires)
    return UploadPlaces.model_validate({"id": upload.id, "files": targets})


def get_upload(container: Container, caller: Caller, upload_id: str) -> UploadBody:
    """Tell what was announced, and what of it has arrived."""
    with container.read() as session:
        found = find_row(session, caller, Upload, upload_id)
    sizes = _sizes(container.store, found)
    files = {
        role: UploadedFile(
            bytes=file["bytes"],
            sha256=file["sha256"],
            arrived=sizes.get(file["key"]) == file["bytes"],
        )
        for role, file in found.files.items()
    }
    columns = {"id": found.id, "scheme": found.scheme, "created": found.created}
    return UploadBody.model_validate({**columns, "files": files})


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
        arrived at its announced size. It names them all. The step that reads a file checks digests.
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
    parsed = {role: contracts.Upload.model_validate(file) for role, file in files.items()}
    return TakenUpload(parsed, upload.scheme)


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
    sizes = _sizes(store, upload)
    return [
        reason
        for role in (*needs, *may)
        if (reason := _lack(upload, role, sizes, needed=role in needs))
    ]


def _lack(upload: Upload, role: str, sizes: Mapping[str, int], *, needed: bool) -> str | None:
    file = upload.files.get(role)
    if file is None:
        return f"The upload {upload.id} has no file {role}." if needed else None
    held, announced = sizes.get(file["key"]), file["bytes"]
    if held is None:
        return f"{role} of upload {upload.id} has not arrived yet."
    if held != announced:
        return f"{role} of upload {upload.id} has {held} bytes; {announced} were announced."
    return None


def _sizes(store: ObjectStore, upload: Upload) -> dict[str, int]:
    """List what has arrived, as bytes by key."""
    return {item.key: item.bytes for item in store.list(upload_key(upload.id, ""))}
