"""What tests share: in-memory doubles of the adapters, and small cases."""

from syntrust_core.testing.doubles import MemoryBoard, MemoryQueue, MemoryStore

__all__ = ["MemoryBoard", "MemoryQueue", "MemoryStore"]
