"""The grid a dataset may ask for, and that asking needs no arrays."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from syntrust_core.contracts.grid import Grid, GridSpec

SPEC: TypeAdapter[GridSpec] = TypeAdapter(GridSpec)


def test_a_grid_is_native_or_shape_and_spacing() -> None:
    asked = SPEC.validate_json('{"shape": [64, 64, 48], "spacing_mm": [3, 3, 3.5]}')

    assert SPEC.validate_python("native") == "native"
    assert asked == Grid(shape=(64, 64, 48), spacing_mm=(3.0, 3.0, 3.5))


@pytest.mark.parametrize(
    "grid",
    [
        "coarse",
        {"shape": [64, 64, 64]},
        {"shape": [64, 64], "spacing_mm": [1, 1, 1]},
        {"shape": [64, 64, 7], "spacing_mm": [1, 1, 1]},
        {"shape": [64, 64, 64], "spacing_mm": [1, 1, 0]},
        {"shape": [64, 64, 64], "spacing_mm": [1, 1, -1]},
        {"shape": [64, 64, 64], "spacing_mm": [1, 1, 30]},
        {"shape": [64, 64, 64], "spacing_mm": [1, 1, float("nan")]},
        {"shape": [1024, 1024, 1024], "spacing_mm": [1, 1, 1]},
        {"shape": [64, 64, 64], "spacing_mm": [1, 1, 1], "origin": [0, 0, 0]},
    ],
)
def test_any_other_grid_is_refused(grid: object) -> None:
    with pytest.raises(ValidationError):
        SPEC.validate_python(grid)


@pytest.mark.parametrize("module", ["vocabulary", "grid", "case_record"])
def test_contracts_can_use_the_names_without_loading_arrays(module: str) -> None:
    heavy = "{'numpy', 'nibabel', 'isal'}"
    code = f"import sys, syntrust_core.contracts.{module}; print({heavy} & {{*sys.modules}})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
