"""A network made ready for a processor gives the numbers of the network itself."""

from __future__ import annotations

from typing import get_args
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.tolerances import U_BFLOAT16, of_chain, roundings_of
from tests.unit.generator.tiny_generator import CONFIG, random_generator

from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_generator.atlas.atlas import Atlas
from syntrust_generator.checkpoints.store import Generator
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import Domain
from syntrust_generator.synthesis.engine import (
    ComputeConfig,
    Engine,
    best_device,
    get_engine,
)

pytestmark = pytest.mark.numeric

CPU, GPU = torch.device("cpu"), torch.device("cuda")
SHAPE, TIMES = (8, 12, 16), (100, 50)
WITH_ATLAS = CONFIG.architecture.model_copy(update={"in_channels": 11, "anatomy": (8, 8, 4)})
DOMAIN = Domain(shape=(16, 12, 8), spacing_mm=(1, 1, 1), view="grid", intensity="brain-z")


@pytest.fixture
def generator() -> Generator:
    return random_generator(DOMAIN)


@pytest.fixture
def planes() -> NDArray[np.float32]:
    drawn = np.random.default_rng(1).random((4, *SHAPE)) < 0.3
    return drawn.astype(np.float32)


def noisy(count: int) -> torch.Tensor:
    return torch.randn((count, 4, *SHAPE), generator=torch.Generator().manual_seed(2))


def velocity_engine(generator: Generator, precision: str = "fp32") -> Engine:
    assert precision in ("fp32", "bf16")
    return Engine(
        generator.network,
        cosine_schedule(250),
        "noise",
        device=CPU,
        precision="bf16" if precision == "bf16" else "fp32",
    )


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_engine_estimates_what_the_network_does(
    precision: str, generator: Generator, planes: NDArray[np.float32]
) -> None:
    weights = [value for value in generator.network.parameters() if value.ndim > 1]
    # In bfloat16 each layer rounds its input and its weights and sums in float32.
    few, many = of_chain(2 * len(weights), unit=U_BFLOAT16), of_chain(roundings_of(weights))
    x, t = noisy(2), 100
    condition = torch.from_numpy(planes).expand(2, -1, -1, -1, -1)
    expected = generator.network(torch.cat([x, condition], dim=1), torch.tensor([t, t]))

    found = velocity_engine(generator, precision).denoiser(np.stack([planes, planes]))(x, t)

    atol = float(expected.std()) * (few if precision == "bf16" else many)
    torch.testing.assert_close(found, expected, atol=atol, rtol=0)


def test_an_engine_looks_the_atlas_up_once_and_estimates_what_the_network_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = random_generator(DOMAIN, WITH_ATLAS)
    atlas = generator.network.atlas
    assert atlas is not None
    atlas.mean.normal_(0, 0.3, generator=torch.Generator().manual_seed(3))
    planes = np.random.default_rng(1).random((1, 7, *SHAPE)).astype(np.float32)
    x, condition, lookups = noisy(1), torch.from_numpy(planes), Mock(wraps=atlas.forward)
    schedule = cosine_schedule(250)
    rest = {
        t: x - schedule.sqrt_alphas_cumprod[t] * atlas.expected_images(condition) for t in TIMES
    }
    expected = {
        t: generator.network(torch.cat([rest[t], condition], dim=1), torch.tensor([t]))
        for t in TIMES
    }
    monkeypatch.setattr(Atlas, "forward", lookups)

    denoise = velocity_engine(generator).denoiser(planes)
    found = {t: denoise(x, t) for t in TIMES}

    assert lookups.call_count == 1
    weights = [value for value in generator.network.parameters() if value.ndim > 1]
    for t in TIMES:
        atol = float(expected[t].std()) * of_chain(roundings_of(weights))
        torch.testing.assert_close(found[t], expected[t], atol=atol, rtol=0)


def test_the_network_that_an_engine_is_made_of_stays_as_it_is(generator: Generator) -> None:
    before = {key: value.clone() for key, value in generator.network.state_dict().items()}

    velocity_engine(generator, "bf16")

    after = generator.network.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert all(value.dtype == torch.float32 for value in after.values())


def test_an_engine_is_kept_while_the_same_generator_draws(generator: Generator) -> None:
    compute = ComputeConfig(CPU, "fp32")

    assert get_engine(generator, compute) is get_engine(generator, ComputeConfig(CPU, "fp32"))
    assert get_engine(random_generator(DOMAIN), compute) is not get_engine(generator, compute)


def test_the_network_is_one_graph_for_a_compiler(
    generator: Generator, planes: NDArray[np.float32]
) -> None:
    # A GPU worker compiles it; the eager backend needs no compiler and refuses the same breaks.
    network = generator.network
    x = torch.cat([noisy(1), torch.from_numpy(planes)[None]], dim=1)
    whole = torch.compile(network.predict, backend="eager", fullgraph=True, dynamic=False)

    with torch.inference_mode():
        embedding = network.embed(torch.tensor([7]))
        torch.testing.assert_close(whole(x, embedding), network.predict(x, embedding))


def test_a_cpu_compiles_nothing(generator: Generator) -> None:
    assert not get_engine(generator, ComputeConfig(CPU, "fp32")).compiled


def test_no_engine_has_another_precision_than_was_asked_for(generator: Generator) -> None:
    for precision in get_args(GeneratorPrecision):
        assert get_engine(generator, ComputeConfig(CPU, precision)).precision == precision


def test_a_worker_takes_the_gpu_it_sees() -> None:
    assert best_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_estimates_what_the_cpu_does(
    generator: Generator, planes: NDArray[np.float32]
) -> None:
    x = noisy(1)
    exact = velocity_engine(generator).denoiser(planes[None])(x, 100)

    for compiled in (False, True):
        engine = Engine(
            generator.network,
            cosine_schedule(CONFIG.schedule_steps),
            "noise",
            device=GPU,
            precision="fp32",
            compiled=compiled,
        )
        found = engine.denoiser(planes[None])(x.to(GPU), 100).cpu()
        torch.testing.assert_close(found, exact, atol=1e-3, rtol=0)
