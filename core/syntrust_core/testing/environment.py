"""The environment of a process that uses the servers of a test."""

from __future__ import annotations

import os

from syntrust_core.settings import StorageSettings


def make_environment(storage: StorageSettings, queue_url: str) -> dict[str, str]:
    """Add to this process' environment the variables that name the object store and the queue."""
    return {
        **os.environ,
        "SYNTRUST_STORAGE__ENDPOINT": storage.endpoint,
        "SYNTRUST_STORAGE__BUCKET": storage.bucket,
        "SYNTRUST_STORAGE__ACCESS_KEY": storage.access_key,
        "SYNTRUST_STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
        "SYNTRUST_QUEUE__URL": queue_url,
    }
