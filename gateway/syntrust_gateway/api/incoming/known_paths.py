"""Which paths there are: an unknown one is not found, whoever asks."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

_NOWHERE: Final = re.compile(r"(?!)")


class KnownPaths:
    """The paths of an application, which are told to everybody in its document."""

    def __init__(self) -> None:
        self._patterns: list[re.Pattern[str]] | None = None

    def has(self, app: Any, path: str) -> bool:  # noqa: ANN401 - FastAPI's own, from the scope
        """Tell whether a route or a mount of `app` takes the path, by any method."""
        if self._patterns is None:
            self._patterns = [_pattern(route) for route in iter_route_contexts(app.routes)]
        # One slash more or less at the end is led to the path that is meant.
        other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        return any(each.match(path) or each.match(other) for each in self._patterns)


def _pattern(route: BaseRoute | Any) -> re.Pattern[str]:  # noqa: ANN401 - or its context
    return getattr(route, "path_regex", None) or _NOWHERE
