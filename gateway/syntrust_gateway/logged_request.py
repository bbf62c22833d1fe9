"""What a log line may tell of a request: its route and ids, for its path may name a patient."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
_PATIENTS: Final = {"case_id"}
"""Path parameters that are never told, whatever they look like."""


def route_of(scope: Mapping[str, Any]) -> str:
    """Give the template of the route that took a request; empty before routing and for none."""
    return str(getattr(scope.get("route"), "path", ""))


def describe_request(scope: Mapping[str, Any]) -> dict[str, str]:
    """Give the method, the route, and those ids of the path that the platform has made itself."""
    ids = {
        name: value
        for name, value in scope.get("path_params", {}).items()
        if name not in _PATIENTS and _ID.fullmatch(str(value))
    }
    return {"method": scope["method"], "route": route_of(scope)} | ids
