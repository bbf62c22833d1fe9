"""Errors with a meaning. Each class is one RFC 9457 problem type and one party's fault.

`detail` is for the caller: it names the field or file and what would be right. What only the
operators should see goes to the log. Errors are never pickled: a worker stores class, slug and
text as JSON.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

Context = str | int | float | bool | None


class Fault(StrEnum):
    """Whose fault an error is; it decides whether a step is tried again."""

    CALLER = "caller"  # never retried, shown as it is
    DEPENDENCY = "world"  # a server or disk failed: retried with back-off.
    INTERNAL = "ours"  # a bug: retried, then reported as `internal` without its text


class PlatformError(Exception):
    """Base class. `slug` names the problem type; `status` is only a hint for HTTP."""

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    fault: ClassVar[Fault] = Fault.INTERNAL

    def __init__(self, detail: str, **context: Context) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context = context


class CallerError(PlatformError):
    """The request cannot be met as it stands; repeating it changes nothing."""

    slug, title, status, fault = "invalid-request", "Request cannot be used", 422, Fault.CALLER


class InvalidRequest(CallerError):
    """A field of a request is wrong; `pointer` is its JSON pointer."""

    def __init__(self, detail: str, *, pointer: str = "", **context: Context) -> None:
        super().__init__(detail, **context)
        self.pointer = pointer


class PrecisionNotNamed(CallerError):
    """A step leaves its precision to the worker, as steps of earlier releases did."""

    slug, title = "precision-not-named", "Request names no precision"

    def __init__(self) -> None:
        super().__init__(
            "The step does not say which precision to compute in: it was asked for from an earlier "
            "release, which left this to the worker. Ask for the experiment or job anew; the new "
            "request names the precision of this installation."
        )


class InvalidVolume(CallerError):
    """An uploaded volume cannot be used; `file` is its role and `field` what is wrong in it."""

    slug, title = "invalid-volume", "Volume cannot be used"

    def __init__(self, detail: str, *, file: str, field: str) -> None:
        super().__init__(detail, file=file, field=field)
        self.file = file
        self.field = field


class Unauthenticated(CallerError):
    slug, title, status = "unauthenticated", "No valid API key", 401


class Forbidden(CallerError):
    slug, title, status = "forbidden", "Not allowed for this API key", 403


class NotFound(CallerError):
    slug, title, status = "not-found", "No such resource", 404


class Conflict(CallerError):
    slug, title, status = "conflict", "Not possible in the present state", 409


class TooLarge(CallerError):
    slug, title, status = "too-large", "Larger than allowed", 413


class Unavailable(PlatformError):
    """A server this platform depends on does not answer now."""

    slug, title, status, fault = "unavailable", "Temporarily unavailable", 503, Fault.DEPENDENCY


class StoreUnavailable(Unavailable):
    slug = "store-unavailable"


class QueueUnavailable(Unavailable):
    slug = "queue-unavailable"


class ObjectMissing(PlatformError):
    """An object that should be in the store is not there."""

    slug, title, status, fault = "object-missing", "Object is missing", 404, Fault.DEPENDENCY


class ObjectDamaged(PlatformError):
    """An object's bytes are not those its manifest promises."""

    slug, title, status, fault = "object-damaged", "Object is damaged", 500, Fault.DEPENDENCY


class WrongRecipe(PlatformError):
    """The worker computes another version of the step than the request asks for."""

    slug, title, status, fault = (
        "wrong-recipe",
        "Worker and request differ in version",
        500,
        Fault.DEPENDENCY,
    )


class MessageNotUnderstood(PlatformError):
    """A worker cannot read a step's request, which a newer gateway has written."""

    slug, title, status, fault = (
        "message-not-understood",
        "Worker and gateway differ in version",
        500,
        Fault.DEPENDENCY,
    )


class Stalled(PlatformError):
    """A step gave no sign of progress for longer than its kind may take between two."""

    slug, title, status, fault = "stalled", "The step stood still", 500, Fault.DEPENDENCY


class WorkerLost(PlatformError):
    """The process of a step was killed, so the step itself could not say why it ended.

    `whole` in its context says that the worker died too, as when its machine was switched off.
    """

    slug, title, status, fault = "worker-lost", "The worker died", 500, Fault.DEPENDENCY


class WorkerDiskFull(PlatformError):
    """A worker has no room for the files of a step."""

    slug, title, status, fault = "worker-disk-full", "Worker has no room", 507, Fault.DEPENDENCY


class WorkerMisconfigured(PlatformError):
    """A worker cannot import what computes the step: its installation is incomplete."""

    slug, title, status, fault = "worker-broken", "Worker is not whole", 500, Fault.DEPENDENCY


class InvalidConfiguration(PlatformError):
    """A process cannot start with its settings; the detail names the variable."""

    slug, title = "invalid-configuration", "Settings cannot be used"


class DeviceBusy(PlatformError):
    """Another process of this worker holds the device. The step goes back to the queue."""

    slug, title, status, fault = "device-busy", "The device is taken", 503, Fault.DEPENDENCY


class Stopping(PlatformError):
    """The worker ends. The step keeps what it has and goes back; it is not counted."""

    slug, title, status, fault = "worker-stopping", "The worker ends", 503, Fault.DEPENDENCY


class OutOfMemory(CallerError):
    """The step does not fit; the detail says which setting to lower."""

    slug, title, status = "out-of-memory", "Does not fit into memory", 507


class Cancelled(PlatformError):
    """The caller no longer wants this step."""

    slug, title, status, fault = "cancelled", "Cancelled", 409, Fault.CALLER


class LeaseLost(PlatformError):
    """Another attempt holds the step now; this one stops without a result."""

    slug, title, status, fault = "lease-lost", "Another attempt took over", 409, Fault.DEPENDENCY
