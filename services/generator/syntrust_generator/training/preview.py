"""What a generator in training draws, as a picture: real slices above drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from syntrust_generator.model_card import Sampling
from syntrust_generator.noise import draw_noise
from syntrust_generator.synthesis.draw import run_sampler
from syntrust_generator.synthesis.engine import Engine
from syntrust_generator.training.dataset import TrainingCase

Pixels = NDArray[np.uint8]
PREVIEW_STEPS = 10
PERCENTILES = (1.0, 99.5)  # of the real image's voxels in the brain: black and white


def render_preview(engine: Engine, cases: Sequence[TrainingCase], *, seed: int) -> Pixels:
    """Draw training cases and lay them out in grey, (height, width) uint8.

    Each case has two rows, real above drawn, four modalities wide. The slice is the axial one with
    the most tumour. Both rows share one grey scale per modality. The atlas is deformed as for the
    real case.
    """
    rows = [row for case in cases for row in _render_rows(case, _draw_case(engine, case, seed))]
    height, width = (max(row.shape[axis] for row in rows) for axis in (0, 1))
    fitted = [np.pad(row, [(0, height - row.shape[0]), (0, width - row.shape[1])]) for row in rows]
    return np.concatenate(fitted)


def _draw_case(engine: Engine, case: TrainingCase, seed: int) -> NDArray[np.float32]:
    z, y, x = case.condition.shape[1:]
    steps = min(PREVIEW_STEPS, engine.schedule.steps)
    found = run_sampler(
        engine,
        case.condition[None],
        lambda t: torch.from_numpy(draw_noise(seed, t, (z, y, x)))[None].to(engine.device),
        Sampling(sampler="ddim", steps=steps),
    )
    drawn: NDArray[np.float32] = found[0].cpu().numpy()
    return drawn


def _render_rows(case: TrainingCase, drawn: NDArray[np.float32]) -> tuple[Pixels, Pixels]:
    level = int(case.condition[:3].sum(axis=(0, 2, 3)).argmax())
    brain = case.condition[:4].any(axis=0)
    real: list[Pixels] = []
    made: list[Pixels] = []
    for wanted, found in zip(case.images, drawn, strict=True):
        black, white = np.percentile(wanted[brain], PERCENTILES)
        for panels, image in ((real, wanted), (made, np.where(brain, found, black))):
            panels.append(_to_grey(image[level], float(black), float(white)))
    return np.concatenate(real, axis=1), np.concatenate(made, axis=1)


def _to_grey(image: NDArray[np.float32], black: float, white: float) -> Pixels:
    shade = (image - black) / max(white - black, 1e-6)
    grey: Pixels = (np.clip(shade, 0, 1) * 255).round().astype(np.uint8)
    return grey


def write_png(pixels: Pixels, path: Path) -> None:
    """Write (height, width) grey values as a PNG. A killed write leaves no file of that name."""
    draft = path.with_suffix(".draft")
    Image.fromarray(pixels).save(draft, format="PNG")
    draft.replace(path)
