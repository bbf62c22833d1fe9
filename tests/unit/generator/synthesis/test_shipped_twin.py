"""What the shipped generator draws, beside a phantom that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from syntrust_core.cases.model import Case
from syntrust_core.imaging.geometry import Geometry
from syntrust_generator.atlas.deformation import MeanBrain, bent, fitted_bend, looked_up
from syntrust_generator.checkpoints.store import load_model, shipped_model
from syntrust_generator.conditioning.grid_fit import Shown
from syntrust_generator.conditioning.intensity import brain_z, expanded
from syntrust_generator.conditioning.planes import to_network
from syntrust_generator.synthesis.draw import draw
from syntrust_generator.training.atlas_fit import brain_in
from syntrust_standalone.phantoms import PhantomOptions, make_case


def likeness(
    images: NDArray[np.float32], case: Case, shown: Shown, mean: MeanBrain
) -> tuple[float, float]:
    """Correlation in healthy brain with the mean anatomy, as it is and bent to the images."""
    assert mean.images is not None
    seen = to_network(expanded(images, case.brain)[(slice(None), *shown.box)])
    healthy = shown.planes[3] > 0

    def with_mean(bend: NDArray[np.float32] | None) -> float:
        places = torch.from_numpy(bent(shown.planes, bend)[-3:, healthy])
        found = looked_up(torch.from_numpy(mean.images), places).numpy()
        pairs = zip(found, seen[:, healthy], strict=True)
        return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs]))

    return with_mean(None), with_mean(fitted_bend(shown.planes, seen, mean.images))


@pytest.mark.slow
def test_a_twins_healthy_brain_is_the_mean_anatomy_bent_as_much_as_a_phantoms_is() -> None:
    phantom = make_case(11, 0, PhantomOptions.demo())
    images = phantom.images.astype(np.float32)
    geometry = Geometry(phantom.labels.shape, (3.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    case = Case(images, phantom.labels, phantom.brain, geometry)
    generator = load_model(shipped_model("tiny"))
    shown, mean = generator.show(case), brain_in(generator.network)
    assert mean is not None

    twin = draw(generator, case, seed=1, sampling=generator.card.default)

    of_phantom = likeness(brain_z(images, case.brain), case, shown, mean)
    of_twin = likeness(twin, case, shown, mean)
    np.testing.assert_allclose(of_twin, of_phantom, atol=0.06)
    assert of_twin[1] > of_twin[0] + 0.08
