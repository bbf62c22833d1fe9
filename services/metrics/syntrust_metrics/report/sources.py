"""Say what the generator was trained on, and on which grid every number is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syntrust_core.contracts.case_record import CanonicalFrame, CaseRecord
from syntrust_core.contracts.report import BuildReport, GeneratorTraining
from syntrust_core.contracts.vocabulary import ImageOrigin


def describe_sources(request: BuildReport, records: Mapping[str, CaseRecord]) -> list[str]:
    """Say where the twins come from, and the grid and spacing of the images."""
    frames = [records[case.case].canonical for case in request.cases if case.case in records]
    return [
        describe_generator_training(request.generator_training, request.origin),
        *_describe_grid(frames),
    ]


def describe_generator_training(found: GeneratorTraining | None, origin: ImageOrigin | None) -> str:
    """Say whether the generator has learnt from phantoms, and what that means for patients."""
    if found is None or found.cases == 0:
        return "What the generator was trained on is not recorded."
    cases = f"{found.cases} case{'' if found.cases == 1 else 's'}"
    if not found.phantoms:
        return f"The generator was trained on {cases}, none of them named a phantom."
    if found.phantoms < found.cases:
        return f"The generator was trained on {cases}, {found.phantoms} of them phantoms."
    said = f"The generator was trained on {cases}, all of them phantoms, which a program made."
    if origin == "phantoms":
        return said
    return (
        f"{said} It has seen no patient's images, so its twins of patients look like phantoms: "
        "what is found here says nothing about a generator that was trained on patients."
    )


def _describe_grid(frames: Iterable[CanonicalFrame]) -> list[str]:
    grids = list(dict.fromkeys(_format_grid(frame) for frame in frames))
    if not grids:
        return []
    if len(grids) == 1:
        return [f"All images are on a grid of {grids[0]}; Dice and volumes are measured on it."]
    return [
        (
            f"The images are on {len(grids)} grids, the first of {grids[0]}; Dice and volumes are "
            "measured on each case's own."
        )
    ]


def _format_grid(frame: CanonicalFrame) -> str:
    voxels = " × ".join(str(count) for count in frame.shape)
    spacing = " × ".join(f"{size:.4g}" for size in frame.spacing_mm)
    return f"{voxels} voxels of {spacing} mm"
