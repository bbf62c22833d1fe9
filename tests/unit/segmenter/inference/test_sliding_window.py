from __future__ import annotations

from typing import Any

import pytest
import torch
from monai.inferers.utils import sliding_window_inference
from tests.tolerances import of_sum
from torch import Tensor

from syntrust_segmenter.inference.sliding_window import infer_sliding_windows

pytestmark = pytest.mark.numeric

ROI = (16, 16, 8)


def _uneven(windows: Tensor) -> Tensor:
    """What a voxel gets depends on where in its window it lies."""
    ramp = torch.linspace(0, 1, windows[0, 0].numel()).reshape(windows.shape[2:])
    return torch.cat([windows * ramp, windows + ramp], dim=1)


def _scene(shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    axes = [torch.linspace(-1, 1, n) for n in shape]
    x, y, z = torch.meshgrid(*axes, indexing="ij")
    return torch.randn(1, 2, *shape), x**2 + y**2 + z**2 <= 1


@pytest.mark.parametrize("shape", [(45, 33, 20), (16, 16, 8), (9, 40, 7)])
@pytest.mark.parametrize("batch", [1, 3])
def test_within_the_brain_it_is_what_monai_gives(shape: tuple[int, int, int], batch: int) -> None:
    images, inside = _scene(shape)
    plain: Any = sliding_window_inference(images, ROI, 1, _uneven, overlap=0.5, mode="gaussian")

    ours = infer_sliding_windows(images, inside, _uneven, roi=ROI, overlap=0.5, batch=batch)

    assert ours.shape == plain.shape
    # At most eight windows reach a voxel: a product each, two sums and a quotient, of up to 5.
    bound = of_sum(2 * 8 + 2, 5)
    torch.testing.assert_close(ours[..., inside], plain[..., inside], rtol=0, atol=bound)


def test_windows_without_brain_are_left_out() -> None:
    images = torch.zeros(1, 2, 64, 16, 8)
    inside = torch.zeros(64, 16, 8, dtype=torch.bool)
    inside[:10], inside[-2:] = True, True
    seen: list[int] = []

    def predictor(windows: Tensor) -> Tensor:
        seen.append(len(windows))
        return windows

    infer_sliding_windows(images, inside, predictor, roi=ROI, overlap=0.5, batch=2)

    # Of starts 0, 8, ..., 48 only those at 0, 8 and 48 touch it.
    assert seen == [2, 1]


def test_without_any_brain_there_is_nothing_to_predict() -> None:
    with pytest.raises(ValueError, match="nothing to predict"):
        infer_sliding_windows(
            torch.zeros(1, 2, *ROI),
            torch.zeros(ROI, dtype=torch.bool),
            _uneven,
            roi=ROI,
            overlap=0.5,
            batch=1,
        )
