"""Errors of the S3 client as errors of the platform, with what an operator needs to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from minio.error import MinioException, S3Error
from urllib3 import exceptions

from syntrust_core.errors import ObjectMissing, StoreUnavailable
from syntrust_core.observability.counters import COUNTERS

_MISSING: Final = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
_SKEW_S: Final = 300.0
"""S3 servers refuse signatures that are 15 minutes off; a refusal from 5 on is worth the hint."""


@contextmanager
def translated(key: str) -> Iterator[None]:
    """Raise what the S3 client raises as `ObjectMissing` or `StoreUnavailable`, and count these."""
    with COUNTERS.errors("store", StoreUnavailable), _translated(key):
        yield


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise ObjectMissing(f"There is no object {key}.", key=key) from error
        raise refusal(key, str(error.code), error.response.headers) from error
    except exceptions.HTTPError as error:
        raise StoreUnavailable(f"The object store {_silence(error)} for {key}.") from error
    except MinioException as error:
        raise StoreUnavailable(
            f"The object store answered a request for {key} in a way that is not S3's."
        ) from error


def refusal(key: str, reason: str, headers: Mapping[str, str]) -> StoreUnavailable:
    """Make the error of a request that the store refused; a wrong clock is told as such."""
    apart_s = clock_difference_s(headers)
    if apart_s is not None and abs(apart_s) > _SKEW_S:
        return StoreUnavailable(
            "The clock of this machine and that of the object store differ by "
            f"{abs(apart_s):.0f} s; requests are refused until they agree.",
            seconds=round(apart_s),
        )
    return StoreUnavailable(f"The object store refused {key}: {reason}.")


def clock_difference_s(headers: Mapping[str, str]) -> float | None:
    """Compute how far this machine's clock is ahead of that of an answer's sender, in seconds."""
    try:
        there = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return (datetime.now(UTC) - there.astimezone(UTC)).total_seconds()


def _silence(error: exceptions.HTTPError) -> str:
    reason = error.reason if isinstance(error, exceptions.MaxRetryError) else error
    if isinstance(reason, exceptions.ResponseError):
        return f"failed again and again ({reason})"
    if isinstance(reason, exceptions.TimeoutError):
        return "does not answer in time"
    return "does not answer"
