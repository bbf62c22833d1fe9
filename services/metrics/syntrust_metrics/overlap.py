"""Dice per case and region, from a reference and a predicted label map.

Label maps are (X, Y, Z) uint8 on one canonical grid: 0 background, 1 NCR, 2 ED, 3 ET.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.errors import InvalidVolume
from syntrust_core.labels import LABELS
from syntrust_metrics.scores import CaseScore

LabelMap = NDArray[np.uint8]

REGION_LABELS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {region: (LABELS[region],) for region in ("ET", "ED", "NCR")}
)
NESTED_LABELS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"TC": (LABELS["NCR"], LABELS["ET"]), "WT": (LABELS["NCR"], LABELS["ED"], LABELS["ET"])}
)
VALUES: Final = 4  # 0 background, 1 NCR, 2 ED, 3 ET
MM3_PER_ML: Final = 1000.0


def score_case(reference: LabelMap, prediction: LabelMap, *, voxel_volume_mm3: float) -> CaseScore:
    """Dice of the disjoint and of the nested regions, and their volumes.

    Parameters
    ----------
    reference, prediction : uint8 array, shape (X, Y, Z)
        Label maps of one canonical grid, values 0 to 3.
    voxel_volume_mm3
        Volume of one voxel, > 0.

    Raises
    ------
    InvalidVolume
        If a label map is no uint8, holds a value above 3, or the shapes differ.
    ValueError
        If the voxel volume is not above 0.
    """
    if not voxel_volume_mm3 > 0:
        msg = f"a voxel has a volume above 0, not {voxel_volume_mm3}"
        raise ValueError(msg)
    joint = confusion(reference, prediction)
    millilitres = joint * (voxel_volume_mm3 / MM3_PER_ML)
    return CaseScore(
        dice={name: dice(joint, labels) for name, labels in REGION_LABELS.items()},
        nested={name: dice(joint, labels) for name, labels in NESTED_LABELS.items()},
        reference_ml=_volumes(millilitres.sum(axis=1)),
        predicted_ml=_volumes(millilitres.sum(axis=0)),
    )


def confusion(reference: LabelMap, prediction: LabelMap) -> NDArray[np.int64]:
    """Count the voxels of each pair of labels, (4, 4): reference label by predicted label."""
    for role, labels in (("reference", reference), ("prediction", prediction)):
        if labels.dtype != np.uint8 or labels.max(initial=0) >= VALUES:
            raise InvalidVolume(
                f"The {role} must be a uint8 label map with the values 0 to 3.",
                file=role,
                field="labels",
            )
    if reference.shape != prediction.shape:
        raise InvalidVolume(
            f"The prediction has the shape {prediction.shape}, its reference {reference.shape}.",
            file="prediction",
            field="shape",
        )
    joint = reference * np.uint8(VALUES) + prediction
    # Most voxels are background on both sides; counting the others alone is several times faster.
    foreground = joint[joint != 0]
    counts = np.bincount(foreground, minlength=VALUES**2).astype(np.int64)
    counts[0] = joint.size - foreground.size
    return counts.reshape(VALUES, VALUES)


def dice(joint: NDArray[np.int64], labels: tuple[int, ...]) -> float | None:
    r"""Dice :math:`2|y \cap p| / (|y| + |p|)` of the union of `labels`, in [0, 1].

    None where reference and prediction are both empty: there is no value to give, and what absence
    counts as is the caller's policy (Reinke et al., Nature Methods 21, 2024,
    doi:10.1038/s41592-023-02150-0). 0 where exactly one of them is empty.
    """
    rows = joint[list(labels)]
    size = int(rows.sum()) + int(joint[:, list(labels)].sum())
    return 2 * int(rows[:, list(labels)].sum()) / size if size else None


def _volumes(millilitres: NDArray[np.float64]) -> dict[str, float]:
    """Volume of each disjoint region from the volumes by label, (4,)."""
    return {name: float(millilitres[labels[0]]) for name, labels in REGION_LABELS.items()}
