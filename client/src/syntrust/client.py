"""`Client`: every call of the REST API as a method. Results are the API's own bodies."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from syntrust.api_types import Ready, TrustAnswer
from syntrust.connection import Connection
from syntrust.datasets import Datasets
from syntrust.experiments import Experiments
from syntrust.jobs import Jobs
from syntrust.models import Models
from syntrust.transport import Pause


class Client:
    """A SynTrust server.

    Calls are grouped by what they are about: `datasets`, `experiments`, `jobs` and `models`.

    Parameters
    ----------
    url : str, optional
        Address of the gateway; by default SYNTRUST_URL, else http://127.0.0.1:8000.
    key : str, optional
        API key; by default SYNTRUST_KEY, else what the file SYNTRUST_KEY_FILE holds.
    pause : callable
        Waits so many seconds between two tries.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, pause: Pause = time.sleep
    ) -> None:
        self._connection = Connection(url, key, pause=pause)
        self._http = self._connection.http
        self.datasets = Datasets(self._connection)
        self.experiments = Experiments(self._connection)
        self.jobs = Jobs(self._connection)
        self.models = Models(self._connection)

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._connection.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def trust_score(
        self,
        cases: Sequence[Mapping[str, Any]] | Mapping[str, Any] | str,
        *,
        policy: Mapping[str, Any] | None = None,
    ) -> TrustAnswer:
        """Trust factors of Dice scores: a list of cases, a whole request body, or CSV text."""
        found: TrustAnswer
        if isinstance(cases, str):
            found = self._http.post("/trust-score", text=cases, media="text/csv")
            return found
        body = dict(cases) if isinstance(cases, Mapping) else {"cases": list(cases)}
        body |= {} if policy is None else {"policy": dict(policy)}
        found = self._http.post("/trust-score", body)
        return found

    def health(self) -> Ready:
        """What `/health/ready` says; `ServerFailed` when a part is not ready."""
        found: Ready = self._http.get("/health/ready")
        return found
