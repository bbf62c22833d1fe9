"""What unit tests share: the in-memory store and coordinator."""

from __future__ import annotations

import pytest

from syntrust_core.testing import MemoryCoordinator, MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """An empty object store."""
    return MemoryStore()


@pytest.fixture
def coordinator() -> MemoryCoordinator:
    """A coordinator that knows of no step."""
    return MemoryCoordinator()
