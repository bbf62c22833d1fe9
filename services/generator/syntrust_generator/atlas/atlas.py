"""The atlas of a generator: mean images by place in the brain, which a small network looks up.

A label map says where the tumour is. It says nothing of ventricles or cortex. A large network
learns from thousands of cases where they lie. A small network, trained for minutes, draws texture
instead. It therefore sees the atlas: the mean image of the training cases at each voxel's atlas
coordinates. What is diffused and drawn is the difference to it, which is the individual. In a
tumour, the mean of its region is expected. Differences are divided by a scale of their region, so
that they are as large as diffusion expects (Karras et al., arXiv:2206.00364, sec. 5) and as large
everywhere: a network leaves about as much noise in each voxel, which would be speckle where
differences are small. `training.atlas_fit` learns an atlas from cases.

Tensors are (N, C, Z, Y, X) in this module. It reads no files.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from syntrust_generator.atlas.deformation import MODES, Volume, deformation_shape
from syntrust_generator.atlas.registration import Shape
from syntrust_generator.model_card import MASK_PLANES, POSITION_PLANES


@dataclass(frozen=True, eq=False)
class MeanBrain:
    """What a head is registered to: the shape template, and the mean images once they are known.

    `shape_template` is (*shape) and `images` is (4, *shape). Nodes lie along z, y and the distance
    from the middle along x.
    """

    shape_template: Volume
    images: Volume | None = None


class Atlas(nn.Module):
    """Looks the mean images up at the atlas coordinates, the last three planes of the input.

    `shape` counts nodes along z, y and the distance from the middle along x. Published models hold
    the buffers under their first names (anatomy.outline, anatomy.units, anatomy.bends), which
    therefore stay; the properties give them the names that the code uses.
    """

    mean: Tensor
    outline: Tensor
    lesions: Tensor
    units: Tensor
    bends: Tensor

    def __init__(self, modalities: int, shape: Shape) -> None:
        super().__init__()
        self.modalities = modalities
        self.register_buffer("mean", torch.zeros(modalities, *shape))
        self.register_buffer("outline", torch.zeros(shape))
        self.register_buffer("lesions", torch.zeros(modalities, MASK_PLANES - 1))
        self.register_buffer("units", torch.ones(modalities, MASK_PLANES))
        # Half the bytes; a displacement is rounded to a thousandth of itself.
        modes = torch.zeros(MODES, POSITION_PLANES, *deformation_shape(shape), dtype=torch.float16)
        self.register_buffer("bends", modes)

    @property
    def shape_template(self) -> Tensor:
        """Share of heads that cover each node, (*shape); see `registration`."""
        return self.outline

    @property
    def region_scale(self) -> Tensor:
        """One unit of the network in the images, by modality and plane of the masks, (4, 4)."""
        return self.units

    @property
    def deformation_modes(self) -> Tensor:
        """Principal components of the training cases' deformations; see `deformation`."""
        return self.bends

    def mean_brain(self) -> MeanBrain:
        """What new heads are registered to, on the CPU."""
        return MeanBrain(self.shape_template.cpu().numpy(), self.mean.cpu().numpy())

    def forward(self, x: Tensor) -> Tensor:
        """Noisy images and condition (N, C, Z, Y, X) → mean images (N, 4, Z, Y, X); 0 outside."""
        condition = x[:, self.modalities :]
        head = condition[:, :MASK_PLANES].amax(dim=1, keepdim=True)
        return (self._sample_mean(condition) * head).to(x.dtype)

    def expected_images(self, condition: Tensor) -> Tensor:
        """Mean images of healthy brain and of tumour regions where a condition (N, C, Z, Y, X) has
        them, else 0; float32.
        """
        masks = condition[:, :MASK_PLANES].float()
        healthy = self._sample_mean(condition) * masks[:, -1:]
        return healthy + torch.einsum("ml,nlzyx->nmzyx", self.lesions, masks[:, :-1])

    def scale_map(self, condition: Tensor) -> Tensor:
        """The region scale at each voxel of a condition: (N, 4, Z, Y, X) float32, 1 outside the
        brain.
        """
        masks = condition[:, :MASK_PLANES].float()
        return 1 + torch.einsum("ml,nlzyx->nmzyx", self.region_scale - 1, masks)

    def _sample_mean(self, condition: Tensor) -> Tensor:
        side, *rest = condition[:, -POSITION_PLANES:].float().unbind(1)
        coordinates = torch.stack([2 * side - 1, *rest], dim=-1)
        means = self.mean.expand(len(condition), *self.mean.shape)
        return functional.grid_sample(means, coordinates, padding_mode="border", align_corners=True)
