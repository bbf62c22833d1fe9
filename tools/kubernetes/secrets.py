"""The Secrets that an installation brings, and strong ones for the overlay `local`.

`python -m tools.kubernetes.secrets` prints them as one manifest: it is for `kubectl apply -f -`, or
for a file that only its owner may read. TLS certificates come from whoever makes them.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from typing import Any, Final

TLS: Final = ("tls.crt", "tls.key")
SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "object-store": ("access-key", "secret-key"),
    "queue": ("url", "password"),
    "database": ("url", "password"),
    "keys": ("admin", "monitor"),
    "gateway-tls": TLS,
    "objects-tls": TLS,
}
"""Keys of each Secret. `password` is for the embedded servers alone."""


def make_secrets(namespace: str = "syntrust") -> list[dict[str, Any]]:
    """Make the Secrets of the overlay `local` with random values."""
    queue, database = secrets.token_hex(24), secrets.token_hex(24)
    values = {
        "object-store": {
            "access-key": secrets.token_hex(10),
            "secret-key": secrets.token_hex(24),
        },
        "queue": {"password": queue, "url": f"redis://:{queue}@redis:6379/0"},
        "database": {
            "password": database,
            "url": f"postgresql+psycopg://syntrust:{database}@postgres:5432/syntrust",
        },
        "keys": {name: f"st_{secrets.token_urlsafe(32)}" for name in ("admin", "monitor")},
    }
    return [_make_secret(namespace, name, data) for name, data in values.items()]


def _make_secret(namespace: str, name: str, data: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(data)}


if __name__ == "__main__":
    made = {"apiVersion": "v1", "kind": "List", "items": make_secrets()}
    sys.stdout.write(json.dumps(made, indent=1) + "\n")
