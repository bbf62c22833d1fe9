"""The walk of a mask to its twin."""

from __future__ import annotations

from pathlib import Path

import torch
from tools.walks.recorder import Passed, watching

from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case
from syntrust_generator.checkpoints.store import find_shipped_model, load_model
from syntrust_generator.synthesis.engine import ComputeConfig
from syntrust_generator.synthesis.synthesis import SynthesisConfig, TwinJob, synthesise
from syntrust_standalone.phantoms import PhantomOptions, make_case
from syntrust_standalone.phantoms.cohort import write_case as write_phantom


def mask_to_twin(folder: Path) -> list[Passed]:
    """Draw one twin of a phantom's mask with the generator that is shipped."""
    phantom = write_phantom(make_case(11, 0, PhantomOptions.demo()), folder)
    files = {path.name.removesuffix(".nii.gz"): path for path in phantom.glob("*.nii.gz")}
    write_case(*inspect_case(files), folder / "case")
    generator = load_model(find_shipped_model("tiny"))
    config = SynthesisConfig(generator, seed=7, compute=ComputeConfig(torch.device("cpu"), "fp32"))
    with watching() as walk:
        synthesise(TwinJob(folder / "case", folder / "twin"), config)
    return walk.files()
