"""Seeded damage to bytes: equal seeds give equal mutations, whatever the platform."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
Damage = Callable[[random.Random, bytes], bytes]
EDGES: Final = (
    *(struct.pack("<f", value) for value in (float("nan"), float("inf"), -1.0, 0.0, 1e38, 1e-38)),
    *(struct.pack("<h", value) for value in (-32768, -1, 0, 1, 32767)),
    *(struct.pack("<i", value) for value in (-(2**31), -1, 0, 2**31 - 1)),
    *(struct.pack("<d", value) for value in (float("nan"), 1e308)),
)
"""Numbers at which readers of binary files go wrong."""


def choose(rng: random.Random, values: Sequence[T]) -> T:
    return values[rng.randrange(len(values))]


def flip_bits(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def write_edge(rng: random.Random, content: bytes) -> bytes:
    """Overwrite with a number at the edge of its type."""
    edge = choose(rng, EDGES)
    at = rng.randrange(max(1, len(content) - len(edge)))
    return content[:at] + edge + content[at + len(edge) :]


def write_noise(rng: random.Random, content: bytes) -> bytes:
    at, length = rng.randrange(len(content)), rng.randint(1, 64)
    return content[:at] + rng.randbytes(length) + content[at + length :]


def cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def take_out(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randint(1, 64) :]


def repeat(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[: rng.randint(1, len(content))] + content[at:]


DAMAGES: Final[tuple[Damage, ...]] = (flip_bits, write_edge, write_noise, cut, take_out, repeat)


def damage(rng: random.Random, content: bytes) -> bytes:
    """Damage `content`, which is not empty, once to three times."""
    for _ in range(rng.randint(1, 3)):
        content = choose(rng, DAMAGES)(rng, content) or b"\0"
    return content
