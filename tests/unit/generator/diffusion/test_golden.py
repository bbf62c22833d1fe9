"""Against the reference's numbers; tests/data/med_ddpm_golden/README.md says how they were made."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tests.tolerances import U32, U64, of_chain, of_sum, roundings_of
from torch import Tensor

from syntrust_generator.diffusion.network import (
    BRATS,
    MAX_PERIOD,
    WHOLE_HEAD,
    Architecture,
    UNet,
    build_network,
    channels_last,
    timestep_embedding,
)
from syntrust_generator.diffusion.samplers import Denoiser, ancestral, ancestral_step
from syntrust_generator.diffusion.schedule import OFFSET, Schedule, cosine_betas, cosine_schedule
from syntrust_generator.synthesis.engine import Engine

pytestmark = pytest.mark.numeric

DATA = Path(__file__).parents[3] / "data"
GOLDEN = DATA / "med_ddpm_golden"

NETWORKS: dict[str, dict[str, Any]] = {
    "tiny": {"base_channels": 32, "multipliers": (1, 1, 2, 3, 4), "residual_blocks": 1},
    "attn": {
        "base_channels": 32,
        "multipliers": (1, 2),
        "residual_blocks": 2,
        "attention_factors": (1, 2),
        "heads": 2,
    },
}


def tables(name: str) -> dict[str, Tensor]:
    return load_file(GOLDEN / f"{name}.safetensors")


def hparams(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / f"{name}_hparams.json").read_text("utf-8"))
    return content


def det_parameter(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    spec = importlib.util.spec_from_file_location("detweights", GOLDEN / "detweights.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    values: np.ndarray[Any, Any] = module.parameter(name, shape, seed)
    return values


def network(name: str) -> UNet:
    """The golden network with its weights."""
    net = build_network(**NETWORKS[name])
    seed = hparams(name)["weight_seed"]
    weights = {
        key: torch.from_numpy(det_parameter(key, tuple(value.shape), seed))
        for key, value in net.state_dict().items()
    }
    net.load_state_dict(weights)
    return net.eval()


def rounding_of(net: UNet, size: float = 1.0) -> float:
    return of_chain(roundings_of(net.parameters()), size)


def magnified(schedule: Schedule, t: int) -> float:
    """By how much an error of the noise moves the image that the step at t leads to."""
    return float(schedule.sqrt_recipm1_alphas_cumprod[t] * schedule.posterior_mean_coef1[t])


def denoiser(net: UNet, condition: Tensor) -> Denoiser:
    def estimate(x: Tensor, t: int) -> Tensor:
        planes = condition.expand(len(x), -1, -1, -1, -1)
        with torch.no_grad():
            noise: Tensor = net(torch.cat([x, planes], dim=1), torch.full((len(x),), t))
        return noise

    return estimate


@pytest.mark.parametrize("name", NETWORKS)
def test_the_deterministic_weights_are_those_of_the_goldens(name: str) -> None:
    expected = hparams(name)

    weights = network(name).state_dict()

    digest = hashlib.sha256()
    for key in sorted(weights):
        digest.update(key.encode("ascii") + weights[key].numpy().astype("<f4").tobytes())
    assert digest.hexdigest() == expected["weights_sha256_sorted_keys_f4le"]
    assert sum(value.numel() for value in weights.values()) == expected["n_parameters"]


@pytest.mark.parametrize("memory", ["contiguous", "channels_last"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_predicts_the_noise_of_the_reference(name: str, memory: str) -> None:
    golden = tables(f"{name}_forward")
    net = network(name) if memory == "contiguous" else channels_last(network(name))
    condition = golden["cond"].expand(len(golden["x_t"]), -1, -1, -1, -1)

    with torch.no_grad():
        eps = net(torch.cat([golden["x_t"], condition], dim=1), golden["t"])

    torch.testing.assert_close(eps, golden["eps"], atol=rounding_of(net), rtol=0)


@pytest.mark.parametrize("name", NETWORKS)
def test_in_bfloat16_the_noise_differs_from_the_references_by_little(name: str) -> None:
    golden = tables(f"{name}_forward")
    engine = Engine(
        network(name),
        cosine_schedule(250),
        "noise",
        device=torch.device("cpu"),
        precision="bf16",
    )
    denoise = engine.denoiser(golden["cond"][:1].numpy())

    for x, t, eps in zip(golden["x_t"], golden["t"], golden["eps"], strict=True):
        error = denoise(x[None], int(t)) - eps

        assert (
            float(error.square().mean().sqrt()) < 0.01
        )  # of all voxels, so no matter of luck; autocast has 0.006 to 0.0075


@pytest.mark.parametrize("name", NETWORKS)
def test_every_block_gives_the_activations_of_the_reference(name: str) -> None:
    golden, net = tables(f"{name}_forward"), network(name)
    probes = hparams(name)["activation_probes"]
    seen: dict[str, Tensor] = {}
    for key in probes:
        net.get_submodule(key).register_forward_hook(
            lambda _module, _inputs, output, key=key: seen.update({key: output})
        )
    condition = golden["cond"].expand(len(golden["x_t"]), -1, -1, -1, -1)

    with torch.no_grad():
        net(torch.cat([golden["x_t"], condition], dim=1), golden["t"])

    for key, probe in probes.items():
        values = seen[key].flatten()[probe["flat_index"]]
        assert list(seen[key].shape) == probe["shape"], key
        bound = rounding_of(net, size=float(seen[key].abs().max()))
        np.testing.assert_allclose(values.numpy(), probe["value"], atol=bound, err_msg=key)
        np.testing.assert_allclose(float(seen[key].mean()), probe["mean"], atol=bound, err_msg=key)


@pytest.mark.parametrize("dim", [32, 64])
def test_timestep_embeddings_equal_the_references(dim: int) -> None:
    golden = tables("timestep_embedding")
    exponents = math.log(MAX_PERIOD) * np.arange(dim // 2) / (dim // 2)
    angles = golden["t"].double().numpy()[:, None] * np.exp(-exponents)
    exact = np.concatenate([np.cos(angles), np.sin(angles)], axis=-1)
    # In float32: three roundings of the exponent, each of which moves exp by U32 * exponent; one
    # unit in the last place (2 U32) of exp; the product's rounding; one unit of cos and sin.
    bound = np.tile(U32 * (angles * (3 * exponents + 3) + 2), 2)

    embedding = timestep_embedding(golden["t"], dim)

    for found in (embedding, golden[f"embedding_dim{dim}"]):
        assert (np.abs(found.double().numpy() - exact) <= bound).all()


def rounding_of_cosine_betas(steps: int) -> NDArray[np.float64]:
    """Of 1 - f(i + 1) / f(i), f = cos²: the argument has four roundings, cos has two U64."""
    x = (np.arange(steps + 1) / steps + OFFSET) / (1 + OFFSET) * np.pi / 2
    f = np.cos(x) ** 2
    moved = U64 * (4 * x * np.sin(2 * x) + 5 * f)
    return np.asarray((moved[1:] + moved[:-1] * f[1:] / f[:-1]) / f[:-1] + 2 * U64)


@pytest.mark.parametrize("steps", [10, 250])
def test_schedule_tables_equal_the_references_in_float32(steps: int) -> None:
    golden = tables(f"schedule_T{steps}")

    schedule = cosine_schedule(steps)

    for name, values in schedule.tables().items():
        # Computed in float64, rounded once: another cosine may reach the neighbour in float32.
        torch.testing.assert_close(values, golden[name], atol=0, rtol=2 * U32, msg=name)
    error = np.abs(cosine_betas(steps) - golden["betas_float64"].numpy())
    assert (error <= rounding_of_cosine_betas(steps)).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_each_ancestral_step_from_the_references_state_agrees(name: str) -> None:
    golden, net = tables(f"{name}_trajectory"), network(name)
    schedule, denoise = cosine_schedule(len(golden["betas"])), denoiser(net, golden["cond"])

    for i, t in enumerate(reversed(range(schedule.steps))):
        before = golden["x_T"] if i == 0 else golden["x_after_step"][i - 1]
        after = ancestral_step(schedule, before, denoise(before, t), golden["noise"][i], t)

        # The error of the estimate, magnified, and four operations on an image of up to 5.
        bound = magnified(schedule, t) * rounding_of(net) + of_sum(4, 5)
        torch.testing.assert_close(after, golden["x_after_step"][i], atol=bound, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_sampling_with_the_references_noise_ends_where_the_reference_ends(name: str) -> None:
    golden, net = tables(f"{name}_trajectory"), network(name)
    steps = len(golden["betas"])
    schedule = cosine_schedule(steps)

    final = ancestral(
        denoiser(net, golden["cond"]),
        golden["x_T"],
        schedule,
        lambda t: golden["noise"][steps - 1 - t],
    )

    # A later step shrinks what earlier ones left, so that their errors add up at most.
    bound = rounding_of(net) * sum(magnified(schedule, t) for t in range(steps))
    torch.testing.assert_close(final, golden["final"], atol=bound, rtol=0)


@pytest.mark.parametrize(
    ("file", "architecture"),
    [("med_ddpm_state_dict", BRATS), ("med_ddpm_wholehead_state_dict", WHOLE_HEAD)],
)
def test_names_and_shapes_are_those_of_the_released_checkpoint(
    file: str, architecture: Architecture
) -> None:
    listed = json.loads((DATA / f"{file}.json").read_text("utf-8"))["state_dict"]
    prefix = "denoise_fn."
    parameters = {
        item["key"].removeprefix(prefix): tuple(item["shape"])
        for item in listed
        if item["key"].startswith(prefix)
    }
    buffers = {item["key"] for item in listed if not item["key"].startswith(prefix)}

    with torch.device("meta"):
        net = UNet(architecture)

    assert {key: tuple(value.shape) for key, value in net.state_dict().items()} == parameters
    assert buffers == set(cosine_schedule(250).tables())


def test_a_fresh_network_predicts_exactly_zero() -> None:
    net = build_network(base_channels=8, multipliers=(1, 2), residual_blocks=1)

    eps = net(torch.ones(1, 8, 4, 4, 4), torch.tensor([3]))

    assert not eps.any()
