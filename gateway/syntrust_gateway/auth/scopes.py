"""Which scope a key needs for which route. What is not named here needs `run`."""

from __future__ import annotations

from typing import Final

from syntrust_gateway.db.auth_tables import Scope

SCORING: Final = frozenset({("POST", "/trust-score"), ("GET", "/trust-factors")})
"""Routes that compute from the request alone, and definitions of what they give."""
MONITORING: Final = frozenset({("GET", "/queues")})
"""Routes that tell how much work there is, and nothing of whose."""
SESSION: Final = "/session"
"""Whoever has a key may sign in with it, whatever its scope."""
SIGN_IN: Final = ("POST", SESSION)
_OPEN: Final = frozenset({SIGN_IN, ("GET", "/"), ("GET", "/favicon.svg")})
_OPEN_BELOW: Final = ("/health/", "/docs", "/guide", "/openapi.json", "/assets/")
ADMINISTRATION: Final = ("/admin", "/metrics")


def is_open(method: str, path: str) -> bool:
    """Tell whether a request needs neither key nor session."""
    return (method, path) in _OPEN or path.startswith(_OPEN_BELOW)


def needed_scope(method: str, path: str) -> Scope:
    """Tell which scope a key needs."""
    if (method, path) in MONITORING or path == SESSION:
        return Scope.MONITOR
    if (method, path) in SCORING:
        return Scope.SCORE
    if path.startswith(ADMINISTRATION):
        return Scope.ADMIN
    return Scope.RUN
