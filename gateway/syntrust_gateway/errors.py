"""Errors of the gateway, besides those of `core`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syntrust_core.errors import CallerError, Conflict, Context, Forbidden, Unavailable

TYPE_BASE = "urn:syntrust:problem:"


@dataclass(frozen=True)
class FieldError:
    """One wrong field of a request: a JSON pointer (RFC 6901) into it, and what would be right."""

    pointer: str
    detail: str


class InvalidFields(CallerError):
    """Several fields of a request, or of what it refers to, are wrong."""

    def __init__(self, detail: str, fields: Sequence[FieldError], **context: Context) -> None:
        super().__init__(detail, **context)
        self.fields = tuple(fields)


class UnsupportedMediaType(CallerError):
    slug, title, status = "unsupported-media-type", "Content type cannot be read", 415


class UnsupportedEncoding(CallerError):
    """The body has a content coding that is not read; `accepted` are those that are."""

    slug, title, status = "unsupported-encoding", "Content coding cannot be read", 415
    accepted = "gzip"


class ChangedMeanwhile(CallerError):
    slug, title, status = "changed-meanwhile", "Changed since it was read", 412


class ForeignPage(Forbidden):
    slug, title = "foreign-page", "Sent by a page of another origin"


class CsrfRefused(Forbidden):
    slug, title = "csrf-refused", "CSRF token is missing or wrong"


class NotYet(Conflict):
    """What is asked for is being made; `retry_after_s` says when to ask again."""

    retry_after_s = 2


class StillWorking(Conflict):
    """The same request, under the same key, is being answered."""

    slug, title, retry_after_s = "still-working", "The same request is being answered", 1


class KeyReused(CallerError):
    slug, title, status = "idempotency-key-reused", "Key was used for another request", 422


class TooManyRequests(CallerError):
    """A limit of the client is reached; `retry_after_s` says when to try again."""

    slug, title, status = "rate-limited", "Too many requests", 429

    def __init__(self, detail: str, *, retry_after_s: int, **context: Context) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **context)
        self.retry_after_s = retry_after_s


class QuotaExceeded(TooManyRequests):
    slug, title = "quota-exceeded", "The client stores as much as it may"


class BodyTimeout(CallerError):
    slug, title, status = "request-timeout", "Request did not arrive in time", 408


class DatabaseUnavailable(Unavailable):
    slug = "database-unavailable"


class BeingRecomputed(Unavailable):
    """What is asked for was damaged in the store and is being computed again."""

    slug, title = "being-recomputed", "Is being computed again"


def pointer(*tokens: str | int) -> str:
    """A JSON pointer; `~` and `/` inside a token are escaped as RFC 6901 asks."""
    return "".join(f"/{str(token).replace('~', '~0').replace('/', '~1')}" for token in tokens)
