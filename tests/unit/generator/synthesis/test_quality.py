from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from syntrust_generator.synthesis.quality import find_defects

BRAIN = np.zeros((8, 8, 8), dtype=bool)
BRAIN[2:6, 2:6, 2:6] = True


@pytest.fixture
def twin() -> NDArray[np.float32]:
    values = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 8, 8, 8))
    return np.where(BRAIN, values, -1).astype(np.float32)


def test_a_sound_twin_has_no_defect(twin: NDArray[np.float32]) -> None:
    assert find_defects(twin, BRAIN) == []


@pytest.mark.parametrize(
    ("place", "value", "defect"),
    [
        ((1, 3, 3, 3), np.nan, "t1ce: holds NaN"),
        ((2, 3, 3, 3), 1.01, "t2: reaches beyond"),
        ((3, 0, 0, 0), -0.99, "flair: is not background"),
        ((0, BRAIN), 0.2, "t1: is empty"),
        ((0, BRAIN), 1.0, "t1: is saturated"),
    ],
)
def test_each_defect_is_named_with_its_modality(
    twin: NDArray[np.float32], place: tuple[object, ...], value: float, defect: str
) -> None:
    twin[place] = value  # type: ignore[index]

    assert any(found.startswith(defect) for found in find_defects(twin, BRAIN))
