"""The documents of jobs as their steps write them."""

from __future__ import annotations

from typing import Any, Final

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.job_results import BundleMetadata, SegmentationRecord, TwinRecord

TWIN: Final[dict[str, Any]] = TwinRecord(
    generator="tiny",
    weights_sha256="1" * 64,
    label_map_digest="2" * 64,
    sampler="ddim",
    steps=10,
    seed=0,
    twin=0,
    redraw=0,
    draw_seed="123456789",
    rejected=(),
    device="cpu",
    precision="fp32",
    compiled=False,
    fit="exact",
    field_of_view=((0, 64), (0, 64), (0, 64)),
    lost_voxels={"NCR": 0, "ED": 0, "ET": 0, "brain": 0},
    warnings=(),
    intensity="brain-z",
).model_dump(mode="json")

SEGMENTATION: Final[dict[str, Any]] = SegmentationRecord(
    model=Ref(kind=Kind.TRAIN_SEGMENTER, id="3" * 64),
    weights_digest="4" * 64,
    labels={"NCR": 1, "ED": 2, "ET": 3},
    voxels={"NCR": 0, "ED": 20, "ET": 10},
    volumes_ml={"NCR": 0.0, "ED": 0.54, "ET": 0.27},
    entropy={"NCR": None, "ED": 0.2, "ET": 0.1},
    brain_ml=1200.0,
    brain_source="t1",
).model_dump(mode="json")

METADATA: Final[BundleMetadata] = {
    "version": "0.1.0",
    "changelog": {},
    "monai_version": "1.5",
    "pytorch_version": "2",
    "numpy_version": "2",
    "required_packages_version": {"nibabel": "5.3.0"},
    "name": "SynTrust segmenter, preset tiny",
    "task": "Brain tumour segmentation on four MRI modalities",
    "description": "One folder per case.",
    "authors": "SynTrust",
    "copyright": "Apache-2.0 (code)",
    "intended_use": "research only",
    "network_data_format": {"inputs": {"image": {"num_channels": 4}}, "outputs": {}},
}
