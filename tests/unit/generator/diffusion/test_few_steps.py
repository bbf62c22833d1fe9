"""The numbers by which few steps are judged; the benchmark that gathers them is not run here."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.generator.few_steps_numbers import (
    Change,
    Images,
    Verdict,
    compare_t1,
    compare_t4,
    contrasts,
    find_smallest,
    fine_power,
    paired_change,
)

pytestmark = pytest.mark.numeric

RNG = np.random.default_rng(3)
SHAPE = (12, 12, 12)
BRAIN = np.zeros(SHAPE, dtype=bool)
BRAIN[1:-1, 1:-1, 1:-1] = True
LABELS = np.zeros(SHAPE, dtype=np.uint8)
LABELS[2:5, 2:5, 2:5] = 2


def test_an_interval_is_that_of_a_normal_mean() -> None:
    differences = RNG.normal(0.01, 0.05, 400)

    change = paired_change(differences)

    error = differences.std() / np.sqrt(400)
    assert change.mean == pytest.approx(differences.mean())
    assert change.low == pytest.approx(differences.mean() - 1.645 * error, abs=0.3 * error)
    assert change.high == pytest.approx(differences.mean() + 1.645 * error, abs=0.3 * error)


def test_a_change_is_within_a_margin_only_with_its_whole_interval() -> None:
    assert Change(0.0, -0.019, 0.019).lies_within(0.02)
    assert not Change(0.0, -0.001, 0.021).lies_within(0.02)
    assert not Change(0.0, -0.021, 0.001).lies_within(0.02)


def test_seeds_are_averaged_case_by_case_before_cases_are_drawn() -> None:
    reference = RNG.uniform(0.3, 0.9, (3, 20, 3))
    found = reference + np.array([0.03, 0.0, -0.03]).reshape(3, 1, 1)

    change = compare_t1(found, reference)

    assert (change.mean, change.low, change.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_t4_changes_by_region_by_how_much_further_the_twins_score_is_from_the_real_one() -> None:
    real = np.full((2, 15, 3), 0.8)
    reference = np.full((2, 15, 3), 0.7)
    found = reference.copy()
    found[:, :, 0] = 0.65  # ET further away
    found[:, :, 1] = 0.85  # ED on the other side, nearer

    changes = compare_t4(real, found, reference)

    assert changes["ET"].mean == pytest.approx(0.05)
    assert changes["ED"].mean == pytest.approx(-0.05)
    assert changes["NCR"].mean == pytest.approx(0)


def test_a_contrast_is_in_sds_of_healthy_tissue_and_absent_regions_have_none() -> None:
    images = np.stack([RNG.normal(0, 1, SHAPE)] * 4).astype(np.float32)
    images[:, LABELS == 2] += 3

    found = contrasts(images, LABELS, BRAIN)

    np.testing.assert_allclose(found[:, 1], 3, atol=0.5)
    assert np.isnan(found[:, [0, 2]]).all()
    np.testing.assert_allclose(contrasts(images * 7 + 1, LABELS, BRAIN), found, rtol=1e-4)


def test_fine_power_is_that_of_white_noise_less_its_neighbours_and_none_of_a_ramp() -> None:
    ramp = np.indices(SHAPE).sum(axis=0)
    noise = RNG.normal(0, 1, SHAPE)
    images = np.stack([ramp, noise, 2 * noise, ramp + noise]).astype(np.float32)

    power = fine_power(images, np.zeros(SHAPE, np.uint8), BRAIN)

    assert power[0] == pytest.approx(0, abs=1e-8)
    assert power[1] == pytest.approx(1 + 1 / 6, rel=0.15)  # 1 + 6 / 36
    assert power[2] == pytest.approx(4 * power[1])
    assert power[3] == pytest.approx(power[1], rel=1e-4)


def image_measures(scale: float) -> Images:
    values = np.full((5, 4, 3), 2.0)
    values[:, 0, 2] = 0.1  # weak: an error of it counts against half an sd
    values[:, 2, 1] *= scale
    return Images(values, np.full((5, 4), scale))


def test_the_worst_contrast_is_named_and_a_weak_one_does_not_count_for_much() -> None:
    found = image_measures(0.8)
    found.contrasts[:, 0, 2] = 0.12

    error, place = found.contrast_error(image_measures(1.0))

    assert error == pytest.approx(-0.2)
    assert place == "t2 ED"
    np.testing.assert_allclose(found.power_ratios(image_measures(1.0)), 0.8)


def verdict(
    steps: int, *, t1_high: float = 0.01, error: float = 0.0, power: float = 1.0
) -> Verdict:
    none = Change(0.0, -0.01, 0.01)
    t4 = dict.fromkeys(("ET", "ED", "NCR"), none)
    return Verdict(steps, Change(0.0, -0.01, t1_high), t4, (error, "t2 ED"), np.full(4, power))


def test_the_fewest_steps_within_every_bound_are_chosen() -> None:
    verdicts = [
        verdict(5, t1_high=0.03, power=0.7),
        verdict(10, error=-0.12),
        verdict(20),
        verdict(50),
    ]

    chosen = find_smallest(verdicts)

    assert verdicts[0].faults == ["T1_S", "fine power"]
    assert verdicts[1].faults == ["contrast of t2 ED"]
    assert chosen is verdicts[2]
    assert find_smallest(verdicts[:2]) is None
