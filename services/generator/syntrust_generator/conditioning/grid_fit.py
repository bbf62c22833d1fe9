"""Bringing a case of one shape onto the grid of a generator, and its twin back.

Cutting and padding act on the label map and keep the size of the voxels. Resizing acts on the
planes of the condition, as Med-DDPM's own sampling script does. It gives soft values and another
aspect ratio, so it is done only on request.
A case's arrays are (X, Y, Z); planes are (C, Z, Y, X).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from syntrust_core.cases.model import Case
from syntrust_core.contracts.vocabulary import LABELS
from syntrust_core.errors import CallerError
from syntrust_generator.conditioning.intensity import BACKGROUND
from syntrust_generator.conditioning.planes import Box, build_condition, find_view_box, from_network
from syntrust_generator.model_card import Domain

Fit = Literal["resize"]
Scalar = TypeVar("Scalar", bound=np.generic)
SPACING_TOLERANCE = 0.01  # relative


@dataclass(frozen=True)
class Window:
    """Where the grids of a case and of a generator overlap. Both have the same middle."""

    case_shape: tuple[int, ...]
    shape: tuple[int, ...]
    in_case: Box
    inside: Box

    def cut(self, volume: NDArray[Scalar]) -> NDArray[Scalar]:
        """A case's volume on the generator's grid; 0 where the case has no voxels."""
        out = np.zeros(self.shape, dtype=volume.dtype)
        out[self.inside] = volume[self.in_case]
        return out

    def paste(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Images of the generator's grid on the case's; background beyond."""
        out = np.full((len(images), *self.case_shape), BACKGROUND, dtype=np.float32)
        out[(slice(None), *self.in_case)] = images[(slice(None), *self.inside)]
        return out


def centre_window(case_shape: tuple[int, ...], shape: tuple[int, ...]) -> Window:
    """Cut or pad around the middle. Of an odd difference the low end loses or gets one more."""
    spans = [_spans(n, wanted) for n, wanted in zip(case_shape, shape, strict=True)]
    (x, a), (y, b), (z, c) = spans
    return Window(tuple(case_shape), tuple(shape), (x, y, z), (a, b, c))


def _spans(n: int, wanted: int) -> tuple[slice, slice]:
    """Voxels of an axis in the case and on the generator's grid."""
    common, low = min(n, wanted), (abs(n - wanted) + 1) // 2
    whole, part = slice(0, common), slice(low, low + common)
    return (part, whole) if n > wanted else (whole, part)


@dataclass(frozen=True)
class ConditionedView:
    """What a generator sees of one case, and how to bring its twin back.

    `planes` is the condition (C, Z, Y, X) in `box` of a grid of `grid_shape`. `window` is None if
    the condition was resized.
    """

    planes: NDArray[np.float32]
    grid_shape: tuple[int, int, int]
    box: Box
    brain: NDArray[np.bool_]
    window: Window | None
    lost_voxels: dict[str, int]

    @property
    def visible_brain(self) -> NDArray[np.bool_]:
        """The part of the case's brain that the generator's grid covers, (X, Y, Z)."""
        if self.window is None:
            return self.brain
        seen = np.zeros_like(self.brain)
        seen[self.window.in_case] = self.brain[self.window.in_case]
        return seen

    @property
    def field_of_view(self) -> tuple[tuple[int, int], ...]:
        """First voxel and end along x, y, z of the case's grid."""
        if self.window is None:
            return tuple((0, n) for n in self.brain.shape)
        return tuple((span.start, span.stop) for span in self.window.in_case)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was cut off, in sentences; empty if nothing was."""
        cut = {name: count for name, count in self.lost_voxels.items() if count}
        if not cut:
            return ()
        listed = ", ".join(f"{count} of {name}" for name, count in cut.items())
        return (f"Voxels outside the field of view, where the twin is background: {listed}.",)

    def restore(self, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
        """(4, Z, Y, X) as drawn → (4, X, Y, Z) on the case's grid, background outside the brain."""
        if self.window is None:
            images = from_network(resize(drawn, self.brain.shape[::-1]))
        else:
            whole = np.full((len(drawn), *self.grid_shape), BACKGROUND, dtype=np.float32)
            whole[(slice(None), *self.box)] = from_network(drawn)
            images = self.window.paste(whole)
        images[:, ~self.visible_brain] = BACKGROUND
        return images


def prepare_view(
    case: Case,
    domain: Domain,
    divisor: int,
    fit: Fit | None = None,
    *,
    shape_template: NDArray[np.float32] | None = None,
) -> ConditionedView:
    """Prepare the condition of a case for a generator of this domain.

    Parameters
    ----------
    case : Case
        Only labels, brain and geometry are used.
    domain : Domain
    divisor : int
        Every axis of the view is a multiple of this many voxels.
    fit : "resize" or None
        None does what the domain says.
    shape_template : float32 array or None
        That of the generator's atlas, if it has one.

    Raises
    ------
    CallerError
        If the case lies outside the domain, all of its tumour lies outside the field of view, or
        the generator cannot use a resized condition.
    """
    if not case.labels.any():
        raise CallerError(
            "labels: the label map has no tumour voxel; this generator needs at least one."
        )
    if fit == "resize":
        return _resize_view(case, domain, divisor, has_atlas=shape_template is not None)
    _check_grid(case, domain)
    window = centre_window(case.geometry.shape, domain.shape)
    labels, brain = window.cut(case.labels), window.cut(case.brain)
    if not labels.any():
        raise CallerError(
            f"labels: the whole tumour lies outside the {_format(domain.shape)} voxels around the "
            "middle of the grid that this generator draws; register the case on a grid that is "
            "centred on its brain."
        )
    box = find_view_box(brain, domain.view, divisor)
    planes = build_condition(labels[box], brain[box], shape_template=shape_template)
    return ConditionedView(
        planes, domain.shape, box, case.brain, window, _count_lost_voxels(case, window)
    )


def _check_grid(case: Case, domain: Domain) -> None:
    shape, spacing_mm = case.geometry.shape, case.geometry.spacing_mm
    if domain.fit == "exact" and tuple(shape) != domain.shape:
        raise CallerError(
            f"grid: {_format(shape)} voxels; this generator draws {_format(domain.shape)}."
        )
    if not np.allclose(spacing_mm, domain.spacing_mm, rtol=SPACING_TOLERANCE, atol=0):
        raise CallerError(
            f"grid: spacing {_format(spacing_mm)} mm; this generator draws voxels of "
            f"{_format(domain.spacing_mm)} mm."
        )


def _resize_view(case: Case, domain: Domain, divisor: int, *, has_atlas: bool) -> ConditionedView:
    """Resize the whole grid of the case, of any size, to the whole grid of the generator."""
    if domain.view != "grid" or has_atlas:
        raise CallerError(
            "fit: this generator cannot use a resized condition, because it sees only the box "
            "around the brain or has an atlas; leave fit out.",
        )
    planes = resize(build_condition(case.labels, case.brain), domain.shape[::-1])
    box = find_view_box(np.ones(domain.shape, dtype=bool), "grid", divisor)
    nothing = dict.fromkeys((*LABELS, "brain"), 0)
    return ConditionedView(planes, domain.shape, box, case.brain, None, nothing)


def resize(volumes: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Interpolate volumes (C, …) linearly at (i + 0.5) n_in / n_out - 0.5, clamped to the edge.

    Nothing is blurred before shrinking, as in the reference.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(volumes))[None]
    out = functional.interpolate(tensor, size=shape, mode="trilinear", align_corners=False)
    found: NDArray[np.float32] = out[0].numpy()
    return found


def _count_lost_voxels(case: Case, window: Window) -> dict[str, int]:
    """Count the voxels of each region and of the brain outside the field of view."""
    beyond = np.ones(case.labels.shape, dtype=bool)
    beyond[window.in_case] = False
    masks: dict[str, NDArray[np.bool_]] = {"brain": case.brain}
    masks |= {region: case.labels == value for region, value in LABELS.items()}
    return {name: int(np.count_nonzero(beyond & mask)) for name, mask in masks.items()}


def _format(values: tuple[float, ...]) -> str:
    return "x".join(f"{value:g}" for value in values)
