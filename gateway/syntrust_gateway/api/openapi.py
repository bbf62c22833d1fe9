"""The OpenAPI document: what FastAPI writes of the routes, completed by what it cannot know."""

from __future__ import annotations

from typing import Any, Final

from syntrust_gateway.api.described import components, resolved
from syntrust_gateway.api.middleware import OPEN_PATHS

_KEYS: Final[dict[str, Any]] = {
    "HTTPBearer": {"type": "http", "scheme": "bearer", "description": "Your API key."},
    "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add the keys that the middleware asks for, and the schemas of what is not validated."""
    whole: dict[str, Any] = resolved(document)
    whole["components"]["securitySchemes"] = _KEYS
    schemas = whole["components"]["schemas"]
    for name, schema in components().items():
        if schemas.setdefault(name, schema) != schema:
            msg = f"two schemas are called {name}"
            raise ValueError(msg)
    for path, operations in whole["paths"].items():
        if not path.startswith(OPEN_PATHS):
            for operation in operations.values():
                operation["security"] = [{name: []} for name in _KEYS]
    whole["components"]["schemas"] = dict(sorted(schemas.items()))
    return whole
