"""Errors of the gateway, besides those of `core`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syntrust_core.errors import CallerError, Context, Unavailable

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


class BodyTimeout(CallerError):
    slug, title, status = "request-timeout", "Request did not arrive in time", 408


class DatabaseUnavailable(Unavailable):
    slug = "database-unavailable"


def pointer(*tokens: str | int) -> str:
    """A JSON pointer; `~` and `/` inside a token are escaped as RFC 6901 asks."""
    return "".join(f"/{str(token).replace('~', '~0').replace('/', '~1')}" for token in tokens)
