"""What tests share: in-memory doubles of the adapters, and small cases."""

from syntrust_core.testing.doubles import MemoryCoordinator, MemoryQueue, MemoryStore

__all__ = ["MemoryCoordinator", "MemoryQueue", "MemoryStore"]
