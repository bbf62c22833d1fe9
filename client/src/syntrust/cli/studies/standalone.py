"""What syntrust-standalone does for commands of the client, looked up by name when they run.

It makes the phantoms and checks the files of studies. The client needs it for nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from syntrust.errors import SynTrustError


def find_function(module: str, name: str, what: str) -> Callable[..., Any]:
    """Find a function of the package; `what` of the sentence says what it is for.

    Raises
    ------
    SynTrustError
        The package is not installed here.
    """
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise SynTrustError(
            f"{what} by syntrust-standalone, which is not installed here: "
            'pip install "syntrust-client[demo]".'
        ) from error
    return found
