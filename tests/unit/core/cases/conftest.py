"""What tests of cases share."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.typing import NDArray

from syntrust_core.testing.casemaker import make_volumes


@pytest.fixture
def volumes() -> dict[str, NDArray[Any]]:
    """Four modalities and a mask, in LPS."""
    return make_volumes()
