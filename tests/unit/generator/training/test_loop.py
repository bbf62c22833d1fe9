from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.tolerances import of_sum

from syntrust_core.errors import CallerError, Cancelled
from syntrust_generator.diffusion.schedule import cosine_schedule, noise_estimate
from syntrust_generator.model_card import ArchitectureCard, Phase, Prediction, Recipe
from syntrust_generator.training.dataset import TrainingCase, choose_case, draw_batch, find_phase
from syntrust_generator.training.loop import (
    Training,
    TrainingProgress,
    add_noise,
    ema_decay,
    learning_rate,
    loss_curve,
    loss_weights,
    resume_training,
    save_training,
    start_training,
    train,
)

pytestmark = pytest.mark.numeric

ARCHITECTURE = ArchitectureCard(base_channels=8, multipliers=(1, 2), residual_blocks=1)
RECIPE = Recipe(
    iterations=6,
    phases=(Phase(share=0.5, crop=8), Phase(share=0.5)),
    warmup=2,
    ema_decay=0.9,
)
SCHEDULE = cosine_schedule(250)


@pytest.fixture
def cases() -> list[TrainingCase]:
    """Balls of three shells, each a constant, in noise-free images."""
    found = []
    for shift in range(3):
        distance = np.linalg.norm(np.indices((8, 12, 16)).T - (4, 6, 7 + shift), axis=-1).T
        planes = np.stack(
            [
                distance < 1,
                (distance >= 1) & (distance < 2),
                (distance >= 2) & (distance < 3),
                (distance >= 3) & (distance < 5),
            ]
        )
        images = np.stack([np.where(distance < 5, planes[i] * 0.8 - 0.2, -1) for i in range(4)])
        found.append(TrainingCase(images.astype(np.float32), planes.astype(np.float32)))
    return found


def run(training: Training, cases: list[TrainingCase], *, until: int | None = None) -> Training:
    def stop(progress: TrainingProgress) -> None:
        if progress.done == until:
            raise Cancelled("The caller wants no more.")

    if until is None:
        return train(training, cases, RECIPE, SCHEDULE, on_progress=stop)
    with pytest.raises(Cancelled):
        train(training, cases, RECIPE, SCHEDULE, on_progress=stop)
    return training


def test_equal_seeds_give_bit_equal_weights(cases: list[TrainingCase]) -> None:
    one, other = (run(start_training(ARCHITECTURE, RECIPE), cases) for _ in range(2))

    assert all(torch.equal(one.ema[name], other.ema[name]) for name in one.ema)
    assert one.losses == other.losses


def test_a_resumed_training_ends_with_the_weights_of_an_undisturbed_one(
    cases: list[TrainingCase], tmp_path: Path
) -> None:
    undisturbed = run(start_training(ARCHITECTURE, RECIPE), cases)
    stopped = run(start_training(ARCHITECTURE, RECIPE), cases, until=4)
    save_training(stopped, RECIPE, tmp_path / "checkpoint.pt")

    resumed = run(resume_training(ARCHITECTURE, RECIPE, tmp_path / "checkpoint.pt"), cases)

    assert all(torch.equal(resumed.ema[name], undisturbed.ema[name]) for name in resumed.ema)
    assert resumed.losses == undisturbed.losses


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    save_training(start_training(ARCHITECTURE, RECIPE), RECIPE, tmp_path / "checkpoint.pt")

    with pytest.raises(CallerError, match="another recipe"):
        resume_training(
            ARCHITECTURE, RECIPE.model_copy(update={"seed": 1}), tmp_path / "checkpoint.pt"
        )


def test_the_loss_falls_on_balls(cases: list[TrainingCase]) -> None:
    recipe = Recipe(iterations=60, phases=(Phase(share=1, crop=8),), warmup=5, learning_rate=3e-3)

    training = train(
        start_training(ARCHITECTURE, recipe), cases, recipe, SCHEDULE, on_progress=lambda _: None
    )

    assert math.fsum(training.losses[-10:]) < 0.8 * math.fsum(training.losses[:10])


def test_progress_is_told_after_every_iteration(cases: list[TrainingCase]) -> None:
    told: list[TrainingProgress] = []

    training = train(
        start_training(ARCHITECTURE, RECIPE), cases, RECIPE, SCHEDULE, on_progress=told.append
    )

    assert [progress.done for progress in told] == [1, 2, 3, 4, 5, 6]
    assert [progress.loss for progress in told] == training.losses


def test_noised_images_have_the_schedules_mean_and_spread() -> None:
    images = torch.full((2, 4, 16, 16, 16), 0.5)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0, 124])

    noisy = add_noise(SCHEDULE, images, noise, t)

    for item, step in zip(noisy, t, strict=True):
        abar = float(SCHEDULE.alphas_cumprod[step])
        assert float(item.mean()) == pytest.approx(0.5 * math.sqrt(abar), abs=0.02)
        assert float(item.std()) == pytest.approx(math.sqrt(1 - abar), rel=0.02)


def test_batches_depend_on_seed_and_index_alone(cases: list[TrainingCase]) -> None:
    one, same, other = (
        draw_batch(cases, RECIPE, index=index, iteration=1, schedule_steps=250)
        for index in (3, 3, 4)
    )

    np.testing.assert_array_equal(one.images, same.images)
    np.testing.assert_array_equal(one.noise, same.noise)
    assert not np.array_equal(one.noise, other.noise)


def test_images_and_condition_are_cut_and_mirrored_together(cases: list[TrainingCase]) -> None:
    for index in range(10):
        batch = draw_batch(cases, RECIPE, index=index, iteration=0, schedule_steps=250)

        assert batch.images.shape == (2, 4, 8, 8, 8)
        # In these cases plane i is bright in modality i, wherever it lies.
        np.testing.assert_array_equal(batch.images > 0.5, batch.condition > 0)


def test_every_case_comes_once_in_each_pass_in_an_order_of_its_own() -> None:
    drawn = [choose_case(9, draw, seed=3) for draw in range(27)]

    passes = [tuple(drawn[i : i + 9]) for i in (0, 9, 18)]
    assert [sorted(one) for one in passes] == [list(range(9))] * 3
    assert len(set(passes)) == 3


def test_phases_follow_their_shares() -> None:
    assert [find_phase(RECIPE, i).crop for i in range(6)] == [8, 8, 8, None, None, None]


def test_the_learning_rate_rises_and_falls_between_its_ends() -> None:
    recipe = Recipe(iterations=100, warmup=10, learning_rate=1e-3, final_learning_rate=1e-5)

    rates = [learning_rate(recipe, i) for i in range(101)]

    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == rates[9] == rates[10] == pytest.approx(1e-3)
    assert rates[100] == pytest.approx(1e-5)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_the_learning_rate_is_held_as_long_as_the_recipe_says() -> None:
    recipe = Recipe(iterations=100, warmup=10, hold=0.8, learning_rate=1e-3)

    rates = [learning_rate(recipe, i) for i in (10, 80, 81)]

    assert rates[0] == rates[1] == pytest.approx(1e-3)
    assert rates[2] < rates[1]


def test_the_moving_average_starts_fast() -> None:
    assert ema_decay(Recipe(ema_decay=0.99), 0) == pytest.approx(0.1)
    assert ema_decay(Recipe(ema_decay=0.99), 10**6) == pytest.approx(0.99)


def test_the_loss_curve_averages_equal_stretches() -> None:
    curve = loss_curve([1.0, 3.0, 5.0, 7.0, 9.0], points=3)

    assert [(point.iteration, point.loss) for point in curve] == [(2, 2.0), (4, 6.0), (5, 9.0)]


@pytest.mark.parametrize(("prediction", "largest"), [("noise", 8.0), ("velocity", 5072.8)])
def test_the_image_weighting_is_the_error_that_noise_makes_in_the_image(
    prediction: Prediction, largest: float
) -> None:
    weights = loss_weights(SCHEDULE, prediction, "image")

    abar = SCHEDULE.alphas_cumprod[150]
    assert float(weights[150]) == pytest.approx(float(torch.sqrt(1 / abar - 1)), rel=1e-4)
    assert (float(weights[0]), float(weights[249])) == pytest.approx((0.3, largest), rel=1e-4)


def test_the_true_velocity_stands_for_the_true_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    image, noise = (torch.randn(3, 4, 4, 4, 4, generator=generator) for _ in range(2))
    t = torch.tensor([0, 100, 249])
    scale = SCHEDULE.sqrt_alphas_cumprod[t].reshape(-1, 1, 1, 1, 1)
    sd = SCHEDULE.sqrt_one_minus_alphas_cumprod[t].reshape(-1, 1, 1, 1, 1)

    estimate = noise_estimate(
        SCHEDULE, "velocity", scale * noise - sd * image, scale * image + sd * noise, t
    )

    # Of numbers up to 5: six operations and the four float32 factors of the schedule.
    torch.testing.assert_close(estimate, noise, atol=of_sum(10, 5), rtol=0)


def test_med_ddpms_output_is_the_noise_itself() -> None:
    output = torch.ones(1, 4, 2, 2, 2)

    assert noise_estimate(SCHEDULE, "noise", output, torch.zeros_like(output), 3) is output


def test_every_t_weighs_the_same_by_default() -> None:
    assert Phase(share=1).weighting == "none"
    assert (loss_weights(SCHEDULE, "noise", "none") == 1).all()


def test_the_velocity_weighting_turns_an_error_of_the_noise_into_one_of_the_velocity() -> None:
    t, error = 200, 0.1
    zero = torch.zeros(1, 4, 2, 2, 2)

    estimate = noise_estimate(SCHEDULE, "velocity", zero + error, zero, t)

    weight = loss_weights(SCHEDULE, "velocity", "velocity")[t]
    torch.testing.assert_close(estimate * weight, zero + error, rtol=1e-5, atol=0)
