"""The sum of comparisons: discrepancies, memorisation, and that planted ones are found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from tests.unit.metrics.as_json import summarise_twins

from syntrust_core.contracts.report import ReportCase
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.fidelity.memorisation import (
    compare_seen_with_unseen,
    permutation_p,
    wilson_interval,
)
from syntrust_metrics.fidelity.mmd import MmdEstimate, estimate_mmd
from syntrust_metrics.fidelity.schema import (
    AREAS,
    FEATURES,
    LESIONS,
    Diversity,
    Measure,
    TwinComparison,
    TwinMeasures,
)
from syntrust_metrics.fidelity.similarity import wasserstein_distance

pytestmark = pytest.mark.numeric

Matrix = NDArray[np.float64]


def normal(seed: int, n: int = 40, width: int = 3, mean: float = 0.0) -> Matrix:
    return np.random.default_rng(seed).normal(mean, 1, (n, width))


def found(real: Matrix, synthetic: Matrix) -> MmdEstimate:
    result = estimate_mmd(real, synthetic)
    assert isinstance(result, MmdEstimate)
    return result


def test_equal_samples_have_no_discrepancy() -> None:
    sample = normal(0)

    result = found(sample, sample)

    assert (result.value, result.p) == (0.0, 1.0)
    assert result.ci == (0.0, 0.0)


def test_the_estimate_is_the_sum_over_pairs_of_cases_written_out() -> None:
    real, synthetic = normal(0, n=9), normal(1, n=9, mean=0.5)

    result = found(real, synthetic)

    pooled = np.concatenate([real, synthetic])
    x, y = real / pooled.std(axis=0), synthetic / pooled.std(axis=0)
    both = np.concatenate([x, y])
    sigma = np.median([np.linalg.norm(a - b) for a, b in combinations(both, 2)])

    def kernel(a: Matrix, b: Matrix) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / (2 * sigma**2)))

    total = sum(
        kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(x[j], y[i])
        for i in range(9)
        for j in range(9)
        if i != j
    )
    assert result.bandwidth == pytest.approx(sigma)
    assert result.value == pytest.approx(total / 72, rel=1e-9)


def test_a_moved_sample_is_told_apart_and_an_equal_one_is_not() -> None:
    moved, equal = found(normal(2), normal(3, mean=1.0)), found(normal(2), normal(3))

    assert moved.p < 0.001
    assert moved.ci[0] > 0
    assert equal.p > 0.05
    assert equal.ci[0] < 0 < equal.ci[1]


def test_the_estimate_is_unbiased_though_cases_are_paired() -> None:
    values, hits = [], 0
    for seed in range(60):
        shared = normal(seed, n=15)
        real, synthetic = (shared + normal(1000 * k + seed, n=15) for k in (1, 2))
        result = found(real, synthetic)
        values.append(result.value)
        hits += result.p < 0.05

    assert abs(np.mean(values)) < 3 * np.std(values) / 60**0.5
    assert hits <= 8  # 3 are expected


def test_neither_unit_nor_order_of_the_cases_moves_the_discrepancy() -> None:
    real, synthetic, order = (
        normal(0),
        normal(1, mean=0.4),
        np.random.default_rng(2).permutation(40),
    )

    result = found(real, synthetic)

    other = found(real[order] * [5, 1, 0.1], synthetic[order] * [5, 1, 0.1])
    assert (result.value, *result.ci) == pytest.approx((other.value, *other.ci), rel=1e-9)


def test_too_few_cases_or_constant_features_have_a_reason() -> None:
    assert estimate_mmd(normal(0, n=3), normal(1, n=3)) == "fewer than 4 cases have these features"
    assert estimate_mmd(np.ones((9, 2)), np.ones((9, 2))) == "no feature varies between images"


def test_the_wasserstein_distance_is_that_of_scipy() -> None:
    first, second = normal(0, width=1).ravel(), normal(1, width=1, mean=2).ravel()

    assert wasserstein_distance(first, second) == pytest.approx(
        stats.wasserstein_distance(first, second)
    )


@pytest.mark.parametrize(("count", "n"), [(0, 20), (3, 25), (20, 20), (50, 1000)])
def test_wilsons_interval_is_that_of_scipy(count: int, n: int) -> None:
    theirs = stats.binomtest(count, n).proportion_ci(method="wilson")

    assert wilson_interval(count, n) == pytest.approx([theirs.low, theirs.high], abs=1e-12)


def test_the_permutation_test_is_that_of_scipy() -> None:
    seen, unseen = normal(0, n=22, width=1, mean=0.4).ravel(), normal(1, n=30, width=1).ravel()

    theirs = stats.permutation_test(
        (seen, unseen),
        lambda a, b: a.mean() - b.mean(),
        alternative="greater",
        vectorized=False,
        n_resamples=3000,
        rng=np.random.default_rng(0),
    )

    assert permutation_p(seen, unseen) == pytest.approx(theirs.pvalue, abs=0.02)


def test_below_twenty_sources_of_either_kind_nothing_is_tested() -> None:
    answer = compare_seen_with_unseen(np.ones(19), np.zeros(40))

    assert answer["p"] is None
    assert answer["above"]["value"] is None
    assert answer["reason"] == (
        "Only 19 of the sources were seen by the generator; at least 20 are needed."
    )


def step(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def report_case(index: int, *, seen: bool) -> ReportCase:
    return ReportCase(
        id=f"c{index:03d}",
        group=None,
        case=step("case", index),
        twin=step("twin", index),
        part="train" if seen else "test",
        seen=seen,
        comparison=step("comparison", index),
    )


def by_area(value: Callable[[], float]) -> dict[Any, Any]:
    return {m: {a: Measure(value=value()) for a in AREAS} for m in MODALITIES}


def features(rng: np.random.Generator, shift: float) -> dict[Any, Any]:
    return {
        m: {a: {f: float(rng.normal(shift)) for f in FEATURES} for a in AREAS} for m in MODALITIES
    }


def comparison(
    seed: int, *, similarity: float = 0.0, shift: float = 0.0, diverse: bool = False
) -> TwinComparison:
    """A made-up comparison; no lesion ET in every fifth case."""
    rng = np.random.default_rng(seed)
    absent = Measure(value=None, reason="absent")
    contrast = {m: {a: Measure(value=float(rng.normal(2))) for a in LESIONS} for m in MODALITIES}
    drawn = {m: {a: Measure(value=float(rng.normal(2.5))) for a in LESIONS} for m in MODALITIES}
    real, synthetic = features(rng, 0), features(rng, shift)
    if seed % 5 == 0:
        for name in MODALITIES:
            contrast[name]["ET"] = drawn[name]["ET"] = absent
            real[name]["ET"] = synthetic[name]["ET"] = None
    twin = TwinMeasures(
        ms_ssim=by_area(rng.random),
        psnr=by_area(lambda: float(rng.normal(20))),
        histogram=by_area(rng.random),
        contrast=drawn,
        features=synthetic,
        residual_correlation={
            m: Measure(value=float(np.tanh(similarity + rng.normal(0, 0.1)))) for m in MODALITIES
        },
    )
    return TwinComparison(
        voxels=dict.fromkeys(AREAS, 100),
        outside_view=3,
        tumour_outside_view=1,
        block_mm=(4.0, 4.0, 4.0),
        contrast=contrast,
        features=real,
        twins=(twin,),
        diversity=Diversity(
            sd=by_area(rng.random), ms_ssim={m: Measure(value=0.5) for m in MODALITIES}
        )
        if diverse
        else None,
    )


def experiment(
    seen: int = 25, unseen: int = 30, *, planted: float = 0.0, **kinds: Any
) -> tuple[dict[str, TwinComparison], list[ReportCase]]:
    cases = [report_case(i, seen=i < seen) for i in range(seen + unseen)]
    comparisons = {
        case.comparison or "": comparison(i, similarity=planted if case.seen else 0.0, **kinds)
        for i, case in enumerate(cases)
    }
    return comparisons, cases


def summary(*args: Any, **kinds: Any) -> dict[str, Any]:
    body = summarise_twins(*experiment(*args, **kinds))
    assert body is not None
    return body


def test_planted_copies_are_found_as_memorisation() -> None:
    privacy = summary(planted=0.15)["privacy"]

    residual = privacy["embeddings"]["residual"]
    assert privacy["verdict"] == "memorisation"
    assert residual["p_holm"] < 0.01
    assert residual["above"]["ci"][0] > 0.05
    assert (privacy["seen"], privacy["unseen"]) == (25, 30)


def test_a_generator_that_copies_nothing_shows_no_sign() -> None:
    privacy = summary()["privacy"]

    assert privacy["verdict"] == "no sign"
    assert privacy["reason"] is None


def test_too_few_seen_or_unseen_sources_leave_memorisation_undecided() -> None:
    for counts in ((19, 30), (30, 19)):
        privacy = summary(*counts, planted=1.0)["privacy"]

        assert privacy["verdict"] == "undecided"
        assert "19 of the sources" in privacy["reason"]
        assert privacy["embeddings"]["residual"]["p"] is None


def test_a_contrast_difference_is_paired_by_case() -> None:
    comparisons, cases = experiment()
    body = summarise_twins(comparisons, cases)

    pairs = [
        (each.twins[0].contrast["t2"]["ED"].value, each.contrast["t2"]["ED"].value)
        for each in comparisons.values()
    ]
    differences = np.array([twin - real for twin, real in pairs if twin and real])
    theirs = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert body is not None
    estimate = body["fidelity"]["contrast"]["t2"]["ED"]["difference"]
    assert estimate["value"] == pytest.approx(differences.mean())
    assert estimate["ci"] == pytest.approx([theirs.low, theirs.high])


def test_a_case_without_a_lesion_is_left_out_of_that_lesion_alone() -> None:
    fidelity = summary()["fidelity"]

    assert fidelity["contrast"]["t1"]["ET"]["real"]["n"] == 44
    assert fidelity["contrast"]["t1"]["ED"]["real"]["n"] == 55
    assert (fidelity["mmd"]["ET"]["n"], fidelity["mmd"]["healthy"]["n"]) == (44, 55)


def test_twins_of_other_features_are_told_apart() -> None:
    alike, apart = (summary(shift=shift)["fidelity"] for shift in (0.0, 1.0))

    assert alike["mmd"]["healthy"]["p"] > 0.01
    assert apart["mmd"]["healthy"]["p"] < 0.001
    distances = [one["features"]["t1"]["healthy"]["mean"]["distance"] for one in (alike, apart)]
    assert distances[0] < 0.5 < distances[1]


def test_the_order_of_cases_and_comparisons_changes_no_number() -> None:
    comparisons, cases = experiment()

    turned = summarise_twins(dict(reversed(comparisons.items())), cases[::-1])

    assert turned == summarise_twins(comparisons, cases)


def test_diversity_is_there_once_a_case_has_several_twins() -> None:
    one, several = (summary(diverse=diverse)["fidelity"]["diversity"] for diverse in (False, True))

    assert one is None
    assert several["cases"] == 55
    assert several["ms_ssim"]["t1"]["value"] == 0.5


def test_every_number_has_a_definition_with_a_direction() -> None:
    body = summary(planted=0.5, diverse=True)

    for part, plain in (
        ("fidelity", {"cases", "seen", "outside_view", "tumour_outside_view"}),
        ("privacy", set()),
    ):
        kinds = set(body[part]) - plain - {"definitions", "seen", "unseen", "reason", "embeddings"}
        assert kinds <= set(body[part]["definitions"])
    assert set(body["privacy"]["embeddings"]) <= set(body["privacy"]["definitions"])
    for name in ("ms_ssim", "psnr", "histogram", "contrast", "features", "mmd", "diversity"):
        assert body["fidelity"]["definitions"][name]["direction"]


def test_one_case_alone_gives_values_without_intervals_and_no_nan() -> None:
    body = summary(0, 1)

    assert json.loads(json.dumps(body, allow_nan=False)) == body
    estimate = body["fidelity"]["ms_ssim"]["t1"]["brain"]
    assert (estimate["n"], estimate["ci"]) == (1, None)
    assert body["fidelity"]["mmd"]["healthy"]["reason"]


def test_an_experiment_without_twins_has_nothing_to_sum_up() -> None:
    case = report_case(0, seen=False).model_copy(update={"comparison": None})

    assert summarise_twins({}, [case]) is None


def test_a_comparison_that_is_not_there_is_named() -> None:
    with pytest.raises(ObjectMissing, match="c000"):
        summarise_twins({}, [report_case(0, seen=False)])
