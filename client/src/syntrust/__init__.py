"""The Python client of SynTrust: `from syntrust import Client`. For research use only.

Importing this package loads nothing; a name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syntrust.client import Client
    from syntrust.errors import (
        Conflict,
        DatasetRefused,
        ExperimentFailed,
        InvalidConfiguration,
        JobFailed,
        NotFound,
        Refused,
        ServerFailed,
        SynTrustError,
        TimedOut,
        Unauthenticated,
        Unavailable,
        UnfitFolder,
        UnfitScores,
        Unreachable,
    )

__all__ = [
    "Client",
    "Conflict",
    "DatasetRefused",
    "ExperimentFailed",
    "InvalidConfiguration",
    "JobFailed",
    "NotFound",
    "Refused",
    "ServerFailed",
    "SynTrustError",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "UnfitFolder",
    "UnfitScores",
    "Unreachable",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes are anything
    if name not in __all__:
        raise AttributeError(f"module 'syntrust' has no attribute {name!r}")
    home = "syntrust.client" if name == "Client" else "syntrust.errors"
    return getattr(importlib.import_module(home), name)
