"""What the shipped generator draws, beside a phantom that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from syntrust_core.cases.model import Case
from syntrust_core.imaging.geometry import Geometry
from syntrust_generator.atlas.atlas import MeanBrain
from syntrust_generator.atlas.deformation import fit_deformation, sample_atlas, warp_coordinates
from syntrust_generator.checkpoints.store import find_shipped_model, load_model
from syntrust_generator.conditioning.grid_fit import ConditionedView
from syntrust_generator.conditioning.intensity import brain_z, expand
from syntrust_generator.conditioning.planes import to_network
from syntrust_generator.synthesis.draw import draw
from syntrust_standalone.phantoms import PhantomOptions, make_case

pytestmark = pytest.mark.numeric


def likeness(
    images: NDArray[np.float32], case: Case, view: ConditionedView, mean: MeanBrain
) -> tuple[float, float]:
    """Correlation in healthy brain with the atlas, as it is and deformed to the images."""
    assert mean.images is not None
    seen = to_network(expand(images, case.brain)[(slice(None), *view.box)])
    healthy = view.planes[3] > 0

    def with_mean(deformation: NDArray[np.float32] | None) -> float:
        coordinates = torch.from_numpy(warp_coordinates(view.planes, deformation)[-3:, healthy])
        found = sample_atlas(torch.from_numpy(mean.images), coordinates).numpy()
        pairs = zip(found, seen[:, healthy], strict=True)
        return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs]))

    return with_mean(None), with_mean(fit_deformation(view.planes, seen, mean.images))


@pytest.mark.slow
def test_a_twins_healthy_brain_is_as_near_to_the_atlas_as_a_phantoms_is() -> None:
    phantom = make_case(11, 0, PhantomOptions.demo())
    images = phantom.images.astype(np.float32)
    geometry = Geometry(phantom.labels.shape, (3.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    case = Case(images, phantom.labels, phantom.brain, geometry)
    generator = load_model(find_shipped_model("tiny"))
    view, mean = generator.prepare_view(case), generator.network.mean_brain()
    assert mean is not None

    twin = draw(generator, case, seed=1, sampling=generator.card.default)

    of_phantom = likeness(brain_z(images, case.brain), case, view, mean)
    of_twin = likeness(twin, case, view, mean)
    np.testing.assert_allclose(of_twin, of_phantom, atol=0.06)
    assert of_twin[1] > of_twin[0] + 0.08
