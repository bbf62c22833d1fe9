from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from syntrust_core.errors import CallerError
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import Sampling
from syntrust_generator.noise import NoisePrefetcher, draw_noise
from syntrust_generator.synthesis.draw import noise_steps

pytestmark = pytest.mark.numeric

SHAPE = (4, 5, 6)


def test_noise_depends_on_all_64_bits_of_the_seed_and_on_the_step() -> None:
    seeds = (5, 5 + 2**40, 5 + 2**63, 6 + 2**63, 2**64 - 1)
    keys = [*((seed, 250) for seed in seeds), (5, 249), (5 + 2**63, 249)]

    drawn = {draw_noise(seed, t, SHAPE).tobytes() for seed, t in keys}

    assert len(drawn) == len(keys)
    np.testing.assert_array_equal(draw_noise(5, 250, SHAPE), draw_noise(5, 250, SHAPE))


def test_noise_is_standard_normal_and_each_modality_has_its_own() -> None:
    drawn = draw_noise(1, 2, (32, 32, 32)).reshape(4, -1)

    np.testing.assert_allclose(drawn.mean(axis=1), 0, atol=0.03)
    np.testing.assert_allclose(drawn.std(axis=1), 1, atol=0.02)
    np.testing.assert_allclose(np.corrcoef(drawn), np.eye(4), atol=0.03)


def test_noise_drawn_ahead_is_that_of_each_seed_and_step_cut_out_of_the_grid() -> None:
    seeds, times = (3, 2**63), (250, 249, 7)
    cut = (slice(1, 3), slice(0, 4), slice(2, 6))

    with ThreadPoolExecutor(2) as pool:
        prefetcher = NoisePrefetcher(seeds, times, SHAPE, cut, pool)
        taken = [prefetcher.take().numpy() for _ in times]

    for t, found in zip(times, taken, strict=True):
        expected = np.stack([draw_noise(seed, t, SHAPE)[(slice(None), *cut)] for seed in seeds])
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("sampler", "times"), [("ddim", [10]), ("dpm++2m", [10]), ("ancestral", [10, 9, 8, 5, 2, 1])]
)
def test_a_sampler_takes_noise_at_the_start_and_ancestral_at_each_step(
    sampler: str, times: list[int]
) -> None:
    sampling = Sampling.model_validate({"sampler": sampler, "steps": 5})

    assert noise_steps(cosine_schedule(10), sampling) == times


def test_more_steps_than_the_schedule_has_are_refused() -> None:
    with pytest.raises(CallerError, match="steps: 11 is too many; this generator has 10"):
        noise_steps(cosine_schedule(10), Sampling(sampler="ddim", steps=11))
