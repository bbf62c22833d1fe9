"""`ObjectStore` over any S3 server, through the `minio` client (extra `[worker]`)."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from minio.commonconfig import CopySource
from minio.error import S3Error

from syntrust_core.errors import ObjectMissing
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.base import ObjectInfo
from syntrust_core.storage.bounded_http import BoundedPool
from syntrust_core.storage.bucket_cors import set_browser_origins
from syntrust_core.storage.faults import refusal, translated
from syntrust_core.storage.presign import SigningKey, presign

BINARY = "application/octet-stream"
_CHUNK_BYTES = 1 << 20
_CREATE_EXPIRES = timedelta(minutes=5)


class S3Store:
    """One bucket of an S3 server."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._http = BoundedPool()
        self._client = _client(settings, settings.endpoint, self._http)
        # Signing needs no connection, so the public name need not resolve from here.
        self._public_url = settings.public_endpoint or settings.endpoint
        self._signer = _client(settings, self._public_url, self._http)
        self._key = SigningKey(
            settings.access_key, settings.secret_key.get_secret_value(), settings.region
        )

    def ensure_bucket(self) -> None:
        """Make the bucket if it is not there yet; several callers at once are fine."""
        with translated(self._bucket):
            if not self._client.bucket_exists(self._bucket):
                try:
                    self._client.make_bucket(self._bucket)
                except S3Error as error:
                    if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                        raise

    def set_browser_origins(self) -> None:
        """Let web pages use presigned URLs if the settings name their origins, and no others."""
        with translated(self._bucket):
            set_browser_origins(self._settings, self._http)

    def put(self, key: str, data: bytes, *, content_type: str = BINARY) -> None:
        with translated(key):
            self._client.put_object(self._bucket, key, io.BytesIO(data), len(data), content_type)

    def put_file(self, key: str, path: Path, *, content_type: str = BINARY) -> None:
        with translated(key):
            self._client.fput_object(self._bucket, key, str(path), content_type)

    def create(self, key: str, data: bytes, *, content_type: str = BINARY) -> bool:
        # `minio` would send the condition as user metadata and overwrite; a presigned PUT does not.
        with translated(key):
            url = self._client.presigned_put_object(self._bucket, key, _CREATE_EXPIRES)
            headers = {"If-None-Match": "*", "Content-Type": content_type}
            answer = self._http.request("PUT", url, body=data, headers=headers)
        if answer.status == 200:
            return True
        if answer.status in {409, 412}:
            return False
        raise refusal(key, f"a write was answered by {answer.status}", answer.headers)

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        with translated(key):
            answer = self._client.get_object(self._bucket, key, offset, length or 0)
            try:
                return bytes(answer.read())
            finally:
                answer.close()
                answer.release_conn()

    def get_file(self, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with translated(key), os.fdopen(handle, "wb") as file:
                answer = self._client.get_object(self._bucket, key)
                try:
                    for chunk in answer.stream(_CHUNK_BYTES):
                        file.write(chunk)
                finally:
                    answer.close()
                    answer.release_conn()
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)

    def info(self, key: str) -> ObjectInfo | None:
        try:
            with translated(key):
                found = self._client.stat_object(self._bucket, key)
        except ObjectMissing:
            return None
        return ObjectInfo(key, int(found.size or 0), found.last_modified)

    def exists(self, key: str) -> bool:
        return self.info(key) is not None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with translated(prefix):
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                if found.object_name is not None:
                    yield ObjectInfo(found.object_name, int(found.size or 0), found.last_modified)

    def copy(self, source: str, target: str) -> None:
        with translated(source):
            self._client.copy_object(self._bucket, target, CopySource(self._bucket, source))

    def delete(self, key: str) -> None:
        with translated(key):
            self._client.remove_object(self._bucket, key)

    def presign_put(self, key: str, *, size_bytes: int, expires: timedelta) -> str:
        parts = urlsplit(self._public_url)
        url = f"{parts.scheme}://{parts.netloc}/{self._bucket}/{key}"
        signed = {"content-length": str(size_bytes)}
        return presign("PUT", url, self._key, headers=signed, expires=expires)

    def presign_get(self, key: str, *, expires: timedelta) -> str:
        with translated(key):
            return str(self._signer.presigned_get_object(self._bucket, key, expires))


def _client(settings: StorageSettings, endpoint: str, http: BoundedPool) -> Minio:
    parts = urlsplit(endpoint)
    return Minio(
        parts.netloc,
        access_key=settings.access_key,
        secret_key=settings.secret_key.get_secret_value(),
        secure=parts.scheme == "https",
        region=settings.region,
        http_client=http,
    )
