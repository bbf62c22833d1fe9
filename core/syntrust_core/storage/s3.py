"""`ObjectStore` over any S3 server, through the `minio` client (extra `[worker]`)."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from syntrust_core.errors import ObjectMissing, StoreUnavailable
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.base import ObjectInfo
from syntrust_core.storage.bucket_cors import set_browser_origins

BINARY = "application/octet-stream"
_MISSING = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
_CHUNK_BYTES = 1 << 20
_CREATE_EXPIRES = timedelta(minutes=5)


class S3Store:
    """One bucket of an S3 server."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._http = urllib3.PoolManager(
            maxsize=16,
            timeout=urllib3.Timeout(connect=5, read=60),
            retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
        )
        self._client = _client(settings, settings.endpoint, self._http)
        # Signing needs no connection, so the public name need not resolve from here.
        self._signer = _client(settings, settings.public_endpoint or settings.endpoint, self._http)

    def ensure_bucket(self) -> None:
        """Make the bucket if it is not there yet; several callers at once are fine."""
        with _translated(self._bucket):
            if not self._client.bucket_exists(self._bucket):
                try:
                    self._client.make_bucket(self._bucket)
                except S3Error as error:
                    if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                        raise

    def set_browser_origins(self) -> None:
        """Let web pages use presigned URLs if the settings name their origins, and no others."""
        with _translated(self._bucket):
            set_browser_origins(self._settings, self._http)

    def put(self, key: str, data: bytes, *, content_type: str = BINARY) -> None:
        with _translated(key):
            self._client.put_object(self._bucket, key, io.BytesIO(data), len(data), content_type)

    def put_file(self, key: str, path: Path, *, content_type: str = BINARY) -> None:
        with _translated(key):
            self._client.fput_object(self._bucket, key, str(path), content_type)

    def create(self, key: str, data: bytes, *, content_type: str = BINARY) -> bool:
        # `minio` would send the condition as user metadata and overwrite; a presigned PUT does not.
        with _translated(key):
            url = self._client.presigned_put_object(self._bucket, key, _CREATE_EXPIRES)
            headers = {"If-None-Match": "*", "Content-Type": content_type}
            answer = self._http.request("PUT", url, body=data, headers=headers)
        if answer.status == 200:
            return True
        if answer.status in {409, 412}:
            return False
        raise StoreUnavailable(f"The object store answered {answer.status} to a write of {key}.")

    def get(self, key: str, *, offset: int = 0, length: int | None = None) -> bytes:
        with _translated(key):
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
            with _translated(key), os.fdopen(handle, "wb") as file:
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
            with _translated(key):
                found = self._client.stat_object(self._bucket, key)
        except ObjectMissing:
            return None
        return ObjectInfo(key, int(found.size or 0))

    def exists(self, key: str) -> bool:
        return self.info(key) is not None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with _translated(prefix):
            for found in self._client.list_objects(self._bucket, prefix, recursive=True):
                if found.object_name is not None:
                    yield ObjectInfo(found.object_name, int(found.size or 0))

    def delete(self, key: str) -> None:
        with _translated(key):
            self._client.remove_object(self._bucket, key)

    def presign_put(self, key: str, *, expires: timedelta) -> str:
        with _translated(key):
            return str(self._signer.presigned_put_object(self._bucket, key, expires))

    def presign_get(self, key: str, *, expires: timedelta) -> str:
        with _translated(key):
            return str(self._signer.presigned_get_object(self._bucket, key, expires))


def _client(settings: StorageSettings, endpoint: str, http: urllib3.PoolManager) -> Minio:
    parts = urlsplit(endpoint)
    return Minio(
        parts.netloc,
        access_key=settings.access_key,
        secret_key=settings.secret_key.get_secret_value(),
        secure=parts.scheme == "https",
        region=settings.region,
        http_client=http,
    )


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise ObjectMissing(f"There is no object {key}.", key=key) from error
        raise StoreUnavailable(f"The object store refused {key}: {error.code}.") from error
    except (MinioException, HTTPError) as error:
        raise StoreUnavailable(f"The object store does not answer for {key}.") from error
