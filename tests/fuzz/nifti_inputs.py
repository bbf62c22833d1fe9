"""Mutated cases: one file of a phantom case has a damaged header, gzip stream or content."""

from __future__ import annotations

import gzip
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np
from tests.fuzz.mutations import choose, damage

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.contracts.case_record import CaseRefused, Problem
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.vocabulary import ROLES
from syntrust_core.errors import InvalidVolume
from syntrust_core.imaging.header_removal import drop_header_text
from syntrust_core.testing.casemaker import lps_affine, make_volumes, nifti_bytes

HEADER_BYTES: Final = 352
NUMBERS: Final = (-1, 0, 1, 2, 3, 7, 255, 32767, -32768, 0.5, -0.5, 1e-6, 1e6, 1e38, np.nan, np.inf)
GRID: Final = Grid(shape=(16, 16, 16), spacing_mm=(8.0, 8.0, 8.0))
_new_header: Callable[..., Any] = nibabel.Nifti1Header


@cache
def whole_files() -> dict[str, bytes]:
    return {role: nifti_bytes(array, lps_affine()) for role, array in make_volumes().items()}


def change_fields(rng: random.Random, content: bytes) -> bytes:
    """Write numbers at the edge of sense into one to three fields of the header."""
    header = _new_header(content[:348], check=False)
    for _ in range(rng.randint(1, 3)):
        field = np.atleast_1d(header[choose(rng, sorted(header.keys()))])
        with np.errstate(all="ignore"):
            if field.dtype.kind in "iuf":
                wanted = np.array(choose(rng, NUMBERS), np.float64)
                field[rng.randrange(field.size)] = wanted.astype(field.dtype)
            else:
                field[0] = rng.randbytes(field.dtype.itemsize)
    return bytes(header.binaryblock) + content[348:]


def damage_header(rng: random.Random, content: bytes) -> bytes:
    return damage(rng, content[:HEADER_BYTES]) + content[HEADER_BYTES:]


def damage_stream(rng: random.Random, content: bytes) -> bytes:
    return damage(rng, gzip.compress(content, 1, mtime=0))


def damage_start_of_stream(rng: random.Random, content: bytes) -> bytes:
    packed = gzip.compress(content, 1, mtime=0)
    return damage(rng, packed[:32]) + packed[32:]


def damage_content(rng: random.Random, content: bytes) -> bytes:
    return gzip.compress(damage(rng, content), 1, mtime=0)


def pack_twice(rng: random.Random, content: bytes) -> bytes:
    packed = gzip.compress(content, 1, mtime=0)
    return choose(rng, (packed + packed, gzip.compress(packed), packed + content, content + packed))


KINDS: Final = (
    change_fields,
    change_fields,
    damage_header,
    damage_stream,
    damage_start_of_stream,
    damage_content,
    pack_twice,
)


def make_case(seed: int) -> dict[str, bytes]:
    """Make the files of the mutated case of a seed, by role."""
    rng = random.Random(seed)
    files = dict(whole_files())
    role = choose(rng, sorted(files))
    files[role] = choose(rng, KINDS)(rng, files[role])
    return files


def read_case(seed: int) -> str:
    """Receive and inspect the case of a seed: "ready", or the sentences of its refusal.

    Raises
    ------
    ValueError
        If a refusal does not name the file and the field, or is no sentence.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            files = {
                role: _receive(Path(folder), role, content)
                for role, content in make_case(seed).items()
            }
            inspect_case(files, scheme="auto", grid="native" if seed % 2 else GRID)
        except CaseRefused as refusal:
            return "; ".join(map(_sentence, refusal.problems))
        except InvalidVolume as refusal:
            return _sentence(Problem(file=refusal.file, field=refusal.field, reason=refusal.detail))
    return "ready"


def _receive(folder: Path, role: str, content: bytes) -> Path:
    sent, kept = folder / f"{role}.sent", folder / f"{role}.kept"
    sent.write_bytes(content)
    return kept if drop_header_text(sent, kept, role=role) else sent


def _sentence(problem: Problem) -> str:
    if problem.file not in ROLES or not problem.field or not problem.reason.endswith("."):
        msg = f"not a sentence about a field of a file: {problem!r}"
        raise ValueError(msg)
    return f"{problem.file}: {problem.field}: {problem.reason}"
