"""What can go wrong for a caller, each as one sentence that says what would be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final


class SynTrustError(Exception):
    """Base of every error that this client raises on purpose."""


class Unreachable(SynTrustError):
    """No server answers at the address."""


class InvalidConfiguration(SynTrustError):
    """An address, a key or a variable of the environment cannot be used; no secret is in it."""


class TimedOut(SynTrustError):
    """The caller's own time limit passed; the work on the server goes on."""


class UnfitFolder(SynTrustError):
    """A local folder or file cannot be sent as it is, or written to."""


class UnfitScores(SynTrustError):
    """Scores, or another value of a request, cannot be sent as they are."""


class ServerFailed(SynTrustError):
    """The server could not do its part; trying again later may help."""


class Unavailable(ServerFailed):
    """The server is there and takes no work now, as while it starts."""


class UrlRefused(ServerFailed):
    """The storage does not take a file at its URL: the URL has expired, or the file has changed."""


class Refused(SynTrustError):
    """The server will not do this as it was asked.

    Attributes
    ----------
    status : int
        HTTP status.
    slug : str
        Stable name of the kind of problem, as ``not-found``.
    errors : tuple of mappings
        One ``{"pointer": "/alphas/1", "detail": …}`` for each wrong field.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        slug: str = "",
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.slug = slug
        self.errors = tuple(errors)


class Unauthenticated(Refused):
    """The API key is missing, unknown, or not allowed to do this."""


class NotFound(Refused):
    """There is no such dataset, experiment or figure."""


class Conflict(Refused):
    """Not possible in the present state, as results before the experiment has ended."""


class DatasetRefused(SynTrustError):
    """Cases of a dataset were refused; `problems` maps their ids to file, field and reason."""

    def __init__(self, problems: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        self.problems = problems
        lines = [
            f"{case}: {problem['file']}: {problem['field']}: {problem['reason']}"
            for case, found in problems.items()
            for problem in found
        ]
        super().__init__("Refused:\n" + "\n".join(lines))


class WorkFailed(SynTrustError):
    """An experiment or a job ended without a result; `state` is its last state."""

    noun: ClassVar[str]

    def __init__(self, message: str, state: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.state = state


class ExperimentFailed(WorkFailed):
    """The experiment ended without results."""

    noun = "experiment"


class JobFailed(WorkFailed):
    """The job ended without a result."""

    noun = "job"


UNAVAILABLE: Final = frozenset({502, 503, 504})
_BY_STATUS: Mapping[int, type[Refused]] = {
    401: Unauthenticated,
    403: Unauthenticated,
    404: NotFound,
    409: Conflict,
}


def from_problem(status: int, body: object, reason: str) -> SynTrustError:
    """The error of an answer with this status; `body` is its RFC 9457 problem, if it has one."""
    problem = body if isinstance(body, Mapping) else {}
    detail = str(problem.get("detail") or problem.get("title") or f"{reason}.")
    errors = [_error(item) for item in problem.get("errors") or () if isinstance(item, Mapping)]
    message = "\n".join([detail, *(line for line in map(_line, errors) if line not in detail)])
    if status >= 500:
        failure = Unavailable if status in UNAVAILABLE else ServerFailed
        return failure(f"The server failed ({status}): {message}")
    slug = str(problem.get("type", "")).rpartition(":")[2]
    return _BY_STATUS.get(status, Refused)(message, status=status, slug=slug, errors=errors)


def _error(item: Mapping[str, Any]) -> dict[str, str]:
    return {"pointer": str(item.get("pointer", "")), "detail": str(item.get("detail", ""))}


def _line(error: Mapping[str, str]) -> str:
    return f"{error['pointer']}: {error['detail']}" if error["pointer"] else error["detail"]
