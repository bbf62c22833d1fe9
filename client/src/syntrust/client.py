"""`Client`: every call of the REST API as a method. Results are the API's own bodies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self, cast

from syntrust.api_types import PowerAnswer, Ready, TrustAnswer
from syntrust.connection import Connection
from syntrust.datasets import Datasets
from syntrust.experiments import Experiments
from syntrust.jobs import Jobs
from syntrust.models import Models
from syntrust.sending.pilots import read_table
from syntrust.sending.plain import Nan
from syntrust.sending.scores import Reading, Scores, make_body
from syntrust.transport import Pause

_TABLES: Final = ("cases", "real_alone")


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
        scores: Scores | object,
        *,
        synthetic: Scores | object = None,
        policy: Mapping[str, Any] | None = None,
        nan: Nan = None,
        alpha: float | None = None,
        regions: Mapping[str, str] | None = None,
    ) -> TrustAnswer:
        """Trust factors of Dice scores.

        Parameters
        ----------
        scores : list of cases, request, str, bytes, Path or table
            Cases as values (numpy's numbers and arrays too), a whole request body, CSV text, a file
            or its bytes as they are, or a table of pandas or polars.
        synthetic : Path, bytes or mapping, optional
            nnU-Net's summary.json of the synthetic test set, with that of the real one as `scores`.
        policy : mapping, optional
            How empty regions, spread and uncertainty are computed; not for a table.
        nan : {"empty"}, optional
            What a NaN means: reference and prediction are both empty. NaN is refused without it.
        alpha : float, optional
            Which α is meant of a `results.csv` that holds several.
        regions : mapping of str to str, optional
            Names of nnU-Net's labels, as ``{"1": "NCR", "2": "ED", "3": "ET"}``.

        Raises
        ------
        UnfitScores
            If they cannot be sent as they are.
        Refused
            If the server cannot use them; `errors` has the pointer of the field.
        """
        how = Reading(nan=nan, policy=policy, alpha=alpha, regions=regions)
        body = make_body(scores, synthetic, how)
        found: TrustAnswer = self._http.post("/trust-score", body.content, media=body.media)
        return found

    def power(
        self, cases: int, seeds: int, spread: Mapping[str, Any], **settings: object
    ) -> PowerAnswer:
        """Tell what test cases and training seeds can show, and how many it takes.

        Parameters
        ----------
        cases, seeds : int
            Test cases, and training seeds of each model.
        spread : mapping
            How much paired differences spread: ``{"kind": "experiment", "id": id}``,
            ``{"kind": "pilot", "cases": table, "real_alone": table}``, ``{"kind": "published"}``,
            or ``{"kind": "given", "regions": {"ET": {"case_sd": 0.1}}}``. A table is a list of
            cases, lines of CSV, or a file.
        settings : object
            The other fields of `POST /power`: question, margin, level, power, difference, curve.

        Raises
        ------
        UnfitScores
            If a table cannot be sent as it is.
        Refused
            If the server cannot use a field; `errors` has its pointer.
        """
        tables = {name: read_table(spread[name]) for name in _TABLES if spread.get(name)}
        body = {"cases": cases, "seeds": seeds, "spread": {**spread, **tables}, **settings}
        return cast("PowerAnswer", self._http.post("/power", body))

    def health(self) -> Ready:
        """What `/health/ready` says; `ServerFailed` when a part is not ready."""
        found: Ready = self._http.get("/health/ready")
        return found
