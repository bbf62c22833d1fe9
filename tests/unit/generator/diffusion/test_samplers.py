from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from syntrust_generator.diffusion import samplers
from syntrust_generator.diffusion.samplers import (
    Denoiser,
    Step,
    ancestral,
    ddim,
    dpm_solver,
    spaced_steps,
)
from syntrust_generator.diffusion.schedule import Schedule, cosine_schedule, respace

pytestmark = pytest.mark.numeric

SHAPE = (1, 4, 4, 4, 4)


@pytest.fixture
def schedule() -> Schedule:
    return cosine_schedule(250)


def knows_the_image(image: Tensor, schedule: Schedule) -> Denoiser:
    """The exact noise estimate where all data are one image."""

    def estimate(x: Tensor, t: int) -> Tensor:
        scaled = schedule.sqrt_alphas_cumprod[t] * image
        return (x - scaled) / schedule.sqrt_one_minus_alphas_cumprod[t]

    return estimate


def gaussian(sd: float, schedule: Schedule) -> Denoiser:
    """The exact noise estimate where data are normal with mean 0."""

    def estimate(x: Tensor, t: int) -> Tensor:
        abar = float(schedule.alphas_cumprod[t])
        return math.sqrt(1 - abar) * x / (abar * sd**2 + 1 - abar)

    return estimate


@pytest.mark.parametrize("sampler", [ddim, dpm_solver])
@pytest.mark.parametrize("steps", [5, 20])
def test_a_denoiser_that_knows_the_image_leads_to_it(
    sampler: object, steps: int, schedule: Schedule
) -> None:
    image = torch.linspace(-0.9, 0.9, math.prod(SHAPE)).reshape(SHAPE)
    x = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))
    assert callable(sampler)

    drawn = sampler(knows_the_image(image, schedule), x, schedule, steps)

    torch.testing.assert_close(drawn, image, atol=1e-3, rtol=0)


@pytest.mark.parametrize(("sampler", "steps"), [(ddim, 250), (dpm_solver, 30)])
def test_normal_data_are_drawn_with_their_own_spread(
    sampler: object, steps: int, schedule: Schedule
) -> None:
    x = torch.randn((1, 4, 16, 16, 16), generator=torch.Generator().manual_seed(0))
    assert callable(sampler)

    drawn = sampler(gaussian(0.2, schedule), x, schedule, steps)

    assert float(drawn.std()) == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("count", [125, 250])
def test_ancestral_sampling_keeps_the_spread_of_normal_data_at_any_spacing(
    count: int, schedule: Schedule
) -> None:
    chosen = spaced_steps(250, count)[::-1]
    noise = torch.Generator().manual_seed(0)
    exact = gaussian(0.2, schedule)

    drawn = ancestral(
        lambda x, i: exact(x, chosen[i]),
        torch.randn((1, 4, 16, 16, 16), generator=noise),
        respace(schedule, chosen),
        lambda _: torch.randn((1, 4, 16, 16, 16), generator=noise),
    )

    assert float(drawn.std()) == pytest.approx(0.2, rel=0.1)


def test_respacing_to_every_step_changes_nothing(schedule: Schedule) -> None:
    assert respace(schedule, range(250)) is schedule


def test_a_respaced_schedule_keeps_the_noise_levels_of_its_steps(schedule: Schedule) -> None:
    chosen = [24, 60, 125, 249]

    spaced = respace(schedule, chosen)

    torch.testing.assert_close(
        spaced.alphas_cumprod, schedule.alphas_cumprod[chosen], rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("total", [2, 3, 10, 250, 1000])
def test_steps_descend_from_the_last_without_repeats(total: int) -> None:
    for count in range(2, total + 1):
        steps = spaced_steps(total, count)

        assert (steps[0], len(steps)) == (total - 1, count)
        assert all(one > following for one, following in pairwise(steps))
        assert steps[-1] in (0, 1)


def test_all_steps_are_all_steps() -> None:
    assert spaced_steps(250, 250) == list(range(249, -1, -1))


def test_few_steps_are_the_chebyshev_points() -> None:
    assert spaced_steps(250, 5) == [249, 213, 125, 37, 1]


def test_steps_are_denser_at_both_ends() -> None:
    gaps = [one - following for one, following in pairwise(spaced_steps(250, 10))]

    assert gaps == gaps[::-1]
    assert gaps[:5] == sorted(gaps[:5])
    assert gaps[4] > 5 * gaps[0]


def exact_end(x: float, sd: float, schedule: Schedule) -> float:
    """Where the flow of normal data leads from x at t = T - 1: the clean estimate at t = 1.

    Along it x keeps its place in the distribution, whose variance is abar sd² + 1 - abar.
    """
    abar = schedule.alphas_cumprod.double()
    variance = abar * sd**2 + 1 - abar
    at_one = x * math.sqrt(variance[1] / variance[-1])
    return float(abar[1].sqrt() * sd**2 / variance[1] * at_one)


@pytest.mark.parametrize("sampler", [ddim, dpm_solver])
@pytest.mark.parametrize("steps", [5, 6, 8, 10])
@pytest.mark.parametrize("sd", [0.05, 0.1, 0.2])
def test_few_steps_end_nearer_to_the_exact_flow_than_evenly_spaced_ones(
    sampler: object, steps: int, sd: float, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(sampler)
    start, wanted = 0.5, exact_end(0.5, sd, schedule)

    def miss() -> float:
        drawn = sampler(gaussian(sd, schedule), torch.full(SHAPE, start), schedule, steps)
        return abs(float(drawn.flatten()[0]) - wanted)

    ours = miss()
    evenly = [round(249 - 248 * n / (steps - 1)) for n in range(steps)]
    monkeypatch.setattr(samplers, "spaced_steps", lambda *_: evenly)

    assert ours < miss()


@pytest.mark.parametrize("count", [1, 251])
def test_a_count_of_steps_beyond_the_schedule_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="need 2 to 250 steps"):
        spaced_steps(250, count)


def test_the_callback_is_told_of_every_step(schedule: Schedule) -> None:
    told: list[Step] = []

    ddim(lambda x, _: x, torch.zeros(SHAPE), schedule, 5, told.append)

    assert [(step.done, step.total) for step in told] == [(i, 5) for i in range(1, 6)]
    assert [step.t for step in told] == spaced_steps(250, 5)


def test_a_callback_that_raises_ends_the_sampling(schedule: Schedule) -> None:
    class Enough(Exception):
        pass

    def stop(step: Step) -> None:
        raise Enough

    with pytest.raises(Enough):
        ddim(lambda x, _: x, torch.zeros(SHAPE), schedule, 5, stop)
