"""How an exported bundle prepares a case and predicts it. Arrays are (C, X, Y, Z)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from monai.transforms.io.array import SaveImage
from monai.transforms.transform import MapTransform
from torch import Tensor, nn

from .decode import Region, classify
from .layers import use_safe_convolutions
from .zscore import z_scores

Transform = Callable[[Mapping[str, str]], Mapping[Hashable, Any]]
SUFFIX = ".nii.gz"


def find_cases(folder: str, roles: Sequence[str]) -> list[dict[str, str]]:
    """Find the case folders within `folder` by their files, e.g. `t1.nii.gz`; skip others.

    Raises
    ------
    FileNotFoundError
        A folder has the files of only some roles, or there is no case.
    """
    found = []
    for case in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        files = {role: case / f"{role}{SUFFIX}" for role in roles}
        missing = [file.name for file in files.values() if not file.is_file()]
        if 0 < len(missing) < len(files):
            msg = f"{case} lacks {', '.join(missing)}"
            raise FileNotFoundError(msg)
        if not missing:
            found.append({role: str(file) for role, file in files.items()})
    if not found:
        names = ", ".join(f"{role}{SUFFIX}" for role in roles)
        msg = f"{folder} holds no case: a folder with {names}"
        raise FileNotFoundError(msg)
    return found


class BrainZScored(MapTransform):
    """Z-scores within the brain, 0 outside of it."""

    def __init__(self, keys: Sequence[str], brain: str) -> None:
        super().__init__(keys)
        self.brain = brain

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        prepared = dict(data)
        inside = np.asarray(data[self.brain])[0] != 0
        for key in self.keys:
            image = np.asarray(data[key])[0]
            scores = np.zeros(image.shape, np.float32)
            scores[inside] = z_scores(image[inside].astype(np.float64))
            prepared[key] = MetaTensor(torch.from_numpy(scores[None]), meta=data[key].meta)
        return prepared


class Predictor:
    """Predict the bounding box of a case's brain; save the label map on the grid of the case."""

    def __init__(
        self,
        network: nn.Module,
        inferer: Callable[[Tensor, Callable[[Tensor], Tensor]], Tensor],
        preprocessing: Transform,
        *,
        head: str,
        labels: Mapping[Region, int],
        precision: str,
        device: torch.device,
        output_dir: str,
    ) -> None:
        self.network = use_safe_convolutions(network).to(device).eval()
        self.inferer = inferer
        self.preprocessing = preprocessing
        self.head = head
        self.labels = labels
        self.half = precision == "bfloat16"
        self.device = device
        self.save = SaveImage(
            output_dir=output_dir,
            output_postfix="seg",
            output_dtype=np.uint8,
            resample=False,
            separate_folder=False,
            print_log=False,
        )

    def __call__(self, cases: Iterable[Mapping[str, str]]) -> None:
        for case in cases:
            data = self.preprocessing(case)
            named = {"filename_or_obj": f"{Path(case['brain']).parent.name}{SUFFIX}"}
            labels = self.predict(data)[None]
            self.save(MetaTensor(labels, affine=data["brain"].affine, meta=named))

    def predict(self, data: Mapping[Hashable, Any]) -> Tensor:
        """Predict the label map (X, Y, Z) of a prepared case, uint8."""
        brain = torch.as_tensor(np.asarray(data["brain"])[0] != 0)
        places = [torch.nonzero(brain.any(dim=others)) for others in ((1, 2), (0, 2), (0, 1))]
        x, y, z = (slice(int(p.min()), int(p.max()) + 1) for p in places)
        images = torch.as_tensor(np.asarray(data["image"]))[None, :, x, y, z].to(self.device)
        with torch.inference_mode():
            classes = classify(self.inferer(images, self._logits), self.head, self.labels)
        whole = torch.zeros(brain.shape, dtype=torch.uint8)
        whole[x, y, z] = classes[0].cpu() * brain[x, y, z]
        return whole

    def _logits(self, windows: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            out: Tensor = self.network(windows)
        return out.float()
