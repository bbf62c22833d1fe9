"""Read weights from a safetensors file, and find where they differ from a network's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from syntrust_core.errors import ObjectDamaged

WEIGHTS_FILE: Final = "weights.safetensors"


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file, by name.

    Raises
    ------
    ObjectDamaged
        The file is no safetensors file.
    """
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        raise ObjectDamaged("The weights cannot be read.", file=path.name) from error
    return tensors


def first_mismatch(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str | None:
    """Describe the first tensors that are missing, unknown or of another shape; None if none."""
    shapes = [{name: tuple(t.shape) for name, t in side.items()} for side in (expected, found)]
    wanted, given = shapes
    names = [name for name in wanted if given.get(name) != wanted[name]]
    names += [name for name in given if name not in wanted]
    if not names:
        return None
    shown = "; ".join(
        f"{name} {given.get(name, 'missing')}, expected {wanted.get(name, 'none')}"
        for name in names[:3]
    )
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
