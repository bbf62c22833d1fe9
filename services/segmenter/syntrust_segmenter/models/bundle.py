"""A trained segmenter as a MONAI bundle, which runs without this platform.

`cd BUNDLE && python -m monai.bundle run --config_file configs/inference.json --dataset_dir CASES`
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import monai
import numpy as np
import torch

from syntrust_core.contracts.job_results import BundleMetadata
from syntrust_core.contracts.vocabulary import LABELS, MODALITIES
from syntrust_core.errors import Conflict
from syntrust_core.segmenter_presets import SegmenterConfig
from syntrust_segmenter.model_card import ModelCard
from syntrust_segmenter.models.store import CARD_FILE, CONFIG_FILE, HISTORY_FILE, load_model
from syntrust_segmenter.network.heads import count_channels
from syntrust_segmenter.network.swin_unetr import monai_norm

PORTABLE: Final = Path(__file__).parent.with_name("portable")
WEIGHTS: Final = "models/model.pt"
METADATA_FILE: Final = Path("configs/metadata.json")
INPUT: Final = "image"
ROLES: Final = (*MODALITIES, "brain")
AXES: Final = (("L", "R"), ("P", "A"), ("I", "S"))
OTHERS: Final = {"nibabel": "5.3.0", "einops": "0.8.0", "fire": "0.7.0"}
"""What MONAI needs to read volumes, to build the network, and for its command line."""


def export_bundle(model_folder: Path, out: Path) -> None:
    """Write a trained segmenter as a bundle into `out`.

    Raises
    ------
    Conflict
        `out` exists already.
    InvalidRequest, ObjectDamaged
        See `load_model`.
    """
    if out.exists():
        raise Conflict(f"{out} exists already; name another folder.")
    model = load_model(model_folder)
    for name in ("configs", "models", "docs"):
        (out / name).mkdir(parents=True)
    torch.save(model.network.state_dict(), out / WEIGHTS)
    _write(out / "configs" / "inference.json", _describe_inference(model.card))
    _write(out / METADATA_FILE, _describe_bundle(model.card))
    shutil.copytree(PORTABLE, out / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(model_folder / CARD_FILE, out / "docs" / "README.md")
    for name in (CONFIG_FILE, HISTORY_FILE):
        shutil.copy(model_folder / name, out / "docs" / name)


def export_zip(model_folder: Path, out: Path) -> Path:
    """Write the bundle into `out`, and zip it beside `out`. Equal models give equal bytes."""
    export_bundle(model_folder, out)
    path = out.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(file for file in out.rglob("*") if file.is_file()):
            # Weights do not compress, and file times would make equal archives differ.
            entry = zipfile.ZipInfo(file.relative_to(out.parent).as_posix())
            entry.external_attr = 0o644 << 16
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
    return path


def _write(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _describe_inference(card: ModelCard) -> dict[str, Any]:
    """MONAI's configuration of the prediction, as `configs/inference.json` holds it."""
    return {
        "imports": ["$import torch"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/cases'",
        "output_dir": "$@bundle_root + '/label_maps'",
        "device": "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "cases": {
            "_target_": "scripts.steps.find_cases",
            "folder": "@dataset_dir",
            "roles": list(ROLES),
        },
        "network_def": _describe_network(card.config),
        "weights": f"$torch.load(@bundle_root + '/{WEIGHTS}', map_location='cpu', "
        "weights_only=True)",
        "preprocessing": {"_target_": "Compose", "transforms": _list_transforms()},
        "inferer": _describe_inferer(card.config),
        "predictor": _describe_predictor(card),
        "initialize": ["$@network_def.load_state_dict(@weights)"],
        "run": ["$@predictor(@cases)"],
    }


def _describe_network(config: SegmenterConfig) -> dict[str, Any]:
    return {
        "_target_": "SwinUNETR",
        "in_channels": len(MODALITIES),
        "out_channels": count_channels(config.head),
        "feature_size": config.feature_size,
        "depths": list(config.depths),
        "num_heads": list(config.heads),
        "window_size": config.window,
        "norm_name": monai_norm(config),
    }


def _describe_inferer(config: SegmenterConfig) -> dict[str, Any]:
    return {
        "_target_": "SlidingWindowInferer",
        "roi_size": list(config.inference_roi),
        "sw_batch_size": config.windows,
        "overlap": config.overlap,
        "mode": "gaussian",
    }


def _describe_predictor(card: ModelCard) -> dict[str, Any]:
    return {
        "_target_": "scripts.steps.Predictor",
        "network": "@network_def",
        "inferer": "@inferer",
        "preprocessing": "@preprocessing",
        "head": card.config.head,
        "labels": dict(LABELS),
        "precision": card.precision,
        "device": "@device",
        "output_dir": "@output_dir",
    }


def _list_transforms() -> list[dict[str, Any]]:
    images = list(MODALITIES)
    return [
        {"_target_": "LoadImaged", "keys": list(ROLES), "ensure_channel_first": True},
        {"_target_": "Orientationd", "keys": list(ROLES), "axcodes": "LPS", "labels": AXES},
        {"_target_": "scripts.steps.BrainZScored", "keys": images, "brain": "brain"},
        {"_target_": "ConcatItemsd", "keys": images, "name": INPUT},
    ]


def _describe_bundle(card: ModelCard) -> BundleMetadata:
    """MONAI's description of a bundle, as `configs/metadata.json` holds it."""
    return {
        "version": card.versions.get("syntrust-segmenter", "0"),
        "changelog": {},
        "monai_version": monai.__version__,
        "pytorch_version": str(torch.__version__),
        "numpy_version": np.__version__,
        "required_packages_version": OTHERS,
        "name": f"SynTrust segmenter, preset {card.config.preset}",
        "task": "Brain tumour segmentation on four MRI modalities",
        "description": "One folder per case: t1.nii.gz, t1ce.nii.gz, t2.nii.gz and flair.nii.gz on "
        "one grid, and brain.nii.gz, a mask.",
        "authors": "SynTrust",
        "copyright": "Apache-2.0 (code)",
        "intended_use": card.use,
        "network_data_format": _describe_data_format(card.config),
    }


def _describe_data_format(config: SegmenterConfig) -> dict[str, dict[str, dict[str, Any]]]:
    names = {"0": "background", **{str(value): name for name, value in LABELS.items()}}
    size = list(config.inference_roi)
    image = {"type": "image", "format": "magnitude", "modality": "MR", "spatial_shape": size}
    return {
        "inputs": {
            INPUT: {
                **image,
                "num_channels": len(MODALITIES),
                "dtype": "float32",
                "value_range": [-10, 10],
                "is_patch_data": True,
                "channel_def": {str(i): name for i, name in enumerate(MODALITIES)},
            }
        },
        "outputs": {
            "pred": {
                **image,
                "format": "segmentation",
                "num_channels": 1,
                "dtype": "uint8",
                "value_range": [0, max(LABELS.values())],
                "is_patch_data": False,
                "channel_def": names,
            }
        },
    }
