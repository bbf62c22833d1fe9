"""Sum up the twins of an experiment: how faithful they are, and whether they are copies.

This is `twins` of the results. Equal comparisons give equal numbers. Of several twins of a case
the first counts, which is the one that the experiment uses; the others tell the diversity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from syntrust_core.contracts.report import ReportCase
from syntrust_core.contracts.results import (
    Area,
    ContrastMeans,
    Discrepancy,
    Feature,
    FeatureDistance,
    Fidelity,
    MeanOverCases,
    MeansByArea,
    Privacy,
    PrivacyVerdict,
    SimilarityTest,
    TwinDiversity,
    TwinSummary,
)
from syntrust_core.contracts.vocabulary import MODALITIES, Modality
from syntrust_core.errors import ObjectMissing
from syntrust_metrics.fidelity.definitions import FIDELITY, PRIVACY
from syntrust_metrics.fidelity.memorisation import LEVEL, compare_seen_with_unseen
from syntrust_metrics.fidelity.mmd import estimate_mmd
from syntrust_metrics.fidelity.schema import (
    AREAS,
    FEATURES,
    LESIONS,
    ByArea,
    FeatureTable,
    Measure,
    TwinComparison,
    TwinMeasures,
)
from syntrust_metrics.fidelity.similarity import wasserstein_distance
from syntrust_metrics.trust.inference.margin_tests import adjust_by_holm
from syntrust_metrics.trust.serialization import round_numbers

_Estimate = TypeVar("_Estimate")
Vector = NDArray[np.float64]
Compared = Sequence[tuple[ReportCase, TwinComparison]]

CONFIDENCE: Final = 0.95
FEWEST_FOR_INTERVAL: Final = 3
ABSENT: Final = "no case has it"
MMD_AREAS: Final[tuple[Area, ...]] = ("healthy", *LESIONS)


def summarise_twins(
    comparisons: Mapping[str, TwinComparison], cases: Sequence[ReportCase]
) -> TwinSummary | None:
    """Sum up the comparisons of an experiment; None where no case has one.

    Parameters
    ----------
    comparisons : mapping of str to TwinComparison
        By comparison step.
    cases : sequence of ReportCase
        The cases of the report. `comparison` names the step of a case, `seen` says whether the
        generator was trained on it. The order does not matter.

    Returns
    -------
    TwinSummary or None
        Fidelity and privacy. Each has its `definitions`: the meaning, unit and
        direction of every kind of number. An undefined number is null beside its reason.

    Raises
    ------
    ObjectMissing
        If a comparison that a case names is not there.
    """
    compared = [
        (case, _find_comparison(case, comparisons))
        for case in sorted(cases, key=lambda case: case.id)
        if case.comparison is not None
    ]
    if not compared:
        return None
    summary: TwinSummary = {
        "fidelity": _summarise_fidelity(compared),
        "privacy": _summarise_privacy(compared),
    }
    return round_numbers(summary)


def _find_comparison(case: ReportCase, comparisons: Mapping[str, TwinComparison]) -> TwinComparison:
    found = comparisons.get(case.comparison or "")
    if found is None:
        raise ObjectMissing(f"Step {case.comparison} has no comparison of case {case.id}.")
    return found


def _summarise_fidelity(compared: Compared) -> Fidelity:
    found = [comparison for _, comparison in compared]
    firsts = [comparison.twins[0] for comparison in found]
    return {
        "cases": len(found),
        "seen": sum(case.seen for case, _ in compared),
        "outside_view": sum(comparison.outside_view for comparison in found),
        "tumour_outside_view": sum(comparison.tumour_outside_view for comparison in found),
        "ms_ssim": _average_tables([twin.ms_ssim for twin in firsts], AREAS),
        "psnr": _average_tables([twin.psnr for twin in firsts], AREAS),
        "histogram": _average_tables([twin.histogram for twin in firsts], AREAS),
        "contrast": _summarise_contrasts(found),
        "features": _summarise_features(found),
        "mmd": {area: _summarise_mmd(found, area) for area in MMD_AREAS},
        "diversity": _summarise_diversity(found),
        "definitions": FIDELITY,
    }


def _tabulate(
    areas: Iterable[Area], estimate: Callable[[Modality, Area], _Estimate]
) -> dict[Modality, dict[Area, _Estimate]]:
    found: dict[Modality, dict[Area, _Estimate]] = {name: {} for name in MODALITIES}
    for name, area in product(MODALITIES, areas):
        found[name][area] = estimate(name, area)
    return found


def _average_tables(tables: Sequence[ByArea], areas: Iterable[Area]) -> MeansByArea:
    return _tabulate(
        areas, lambda name, area: _average_measures([table[name][area] for table in tables])
    )


def _average_measures(measures: Sequence[Measure]) -> MeanOverCases:
    """Average the cases that have a value, with a t interval, or give the usual reason."""
    values = np.array([m.value for m in measures if m.value is not None], np.float64)
    n = len(values)
    if not n:
        reason, _ = Counter(m.reason for m in measures).most_common(1)[0]
        return {"value": None, "ci": None, "sd": None, "n": 0, "reason": reason}
    mean = float(values.mean())
    if n < FEWEST_FOR_INTERVAL:
        return {"value": mean, "ci": None, "sd": None, "n": n, "reason": None}
    sd = float(values.std(ddof=1))
    margin = float(special.stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * sd / n**0.5
    ci = [mean - margin, mean + margin]
    return {"value": mean, "ci": ci, "sd": sd, "n": n, "reason": None}


def _summarise_contrasts(
    found: Sequence[TwinComparison],
) -> dict[Modality, dict[Area, ContrastMeans]]:
    def estimate(name: Modality, area: Area) -> ContrastMeans:
        real = [comparison.contrast[name][area] for comparison in found]
        twin = [comparison.twins[0].contrast[name][area] for comparison in found]
        return {
            "real": _average_measures(real),
            "synthetic": _average_measures(twin),
            "difference": _average_measures(
                [_subtract(s, r) for s, r in zip(twin, real, strict=True)]
            ),
        }

    return _tabulate(LESIONS, estimate)


def _subtract(first: Measure, second: Measure) -> Measure:
    if first.value is None or second.value is None:
        return Measure(value=None, reason=first.reason or second.reason)
    return Measure(value=first.value - second.value)


def _summarise_features(
    found: Sequence[TwinComparison],
) -> dict[Modality, dict[Area, dict[Feature, FeatureDistance]]]:
    def estimate(name: Modality, area: Area) -> dict[Feature, FeatureDistance]:
        real, twin = _collect_features(found, [(name, area)])
        return {
            feature: _compare_feature(real[:, column], twin[:, column])
            for column, feature in enumerate(FEATURES)
        }

    return _tabulate(AREAS, estimate)


def _compare_feature(real: Vector, twin: Vector) -> FeatureDistance:
    """Compute the Wasserstein-1 distance of a feature between real images and twins, in sds."""
    if not len(real):
        return {"distance": None, "real": None, "synthetic": None, "n": 0, "reason": ABSENT}
    sd = float(np.concatenate([real, twin]).std())
    return {
        "distance": wasserstein_distance(real, twin) / sd if sd else None,
        "real": float(real.mean()),
        "synthetic": float(twin.mean()),
        "n": len(real),
        "reason": None if sd else "the feature does not vary",
    }


def _collect_features(
    found: Sequence[TwinComparison], places: Sequence[tuple[Modality, Area]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Collect features of real images and first twins, (n, places x 7), of complete cases."""
    rows = [
        (
            _feature_vector(comparison.features, places),
            _feature_vector(comparison.twins[0].features, places),
        )
        for comparison in found
    ]
    whole = [(real, twin) for real, twin in rows if real is not None and twin is not None]
    width = len(places) * len(FEATURES)
    real, twin = (
        np.array([pair[side] for pair in whole], np.float64).reshape(-1, width) for side in (0, 1)
    )
    return real, twin


def _feature_vector(
    table: FeatureTable, places: Sequence[tuple[Modality, Area]]
) -> list[float] | None:
    values: list[float] = []
    for name, area in places:
        features: dict[Feature, float] | None = table[name][area]
        if features is None:
            return None
        values += [features[feature] for feature in FEATURES]
    return values


def _summarise_mmd(found: Sequence[TwinComparison], area: Area) -> Discrepancy:
    result = estimate_mmd(*_collect_features(found, [(name, area) for name in MODALITIES]))
    if isinstance(result, str):
        return {
            "value": None,
            "ci": None,
            "p": None,
            "bandwidth": None,
            "n": None,
            "reason": result,
        }
    return {
        "value": result.value,
        "ci": list(result.ci),
        "p": result.p,
        "bandwidth": result.bandwidth,
        "n": result.pairs,
        "reason": None,
    }


def _summarise_diversity(found: Sequence[TwinComparison]) -> TwinDiversity | None:
    several = [comparison.diversity for comparison in found if comparison.diversity is not None]
    if not several:
        return None
    return {
        "cases": len(several),
        "sd": _average_tables([diversity.sd for diversity in several], AREAS),
        "ms_ssim": {
            name: _average_measures([diversity.ms_ssim[name] for diversity in several])
            for name in MODALITIES
        },
    }


def _summarise_privacy(compared: Compared) -> Privacy:
    residual = _compare_sources(_residual_similarities(compared))
    features = _compare_sources(_feature_similarities(compared))
    adjusted = adjust_by_holm([residual["p"], features["p"]])
    tested = [p for p in adjusted if p is not None]
    seen = sum(case.seen for case, _ in compared)
    return {
        "seen": seen,
        "unseen": len(compared) - seen,
        "embeddings": {
            "residual": {**residual, "p_holm": adjusted[0]},
            "features": {**features, "p_holm": adjusted[1]},
        },
        "verdict": _judge(tested),
        "reason": None if tested else residual["reason"],
        "definitions": PRIVACY,
    }


def _judge(adjusted: Sequence[float]) -> PrivacyVerdict:
    if not adjusted:
        return "undecided"
    return "memorisation" if min(adjusted) < LEVEL else "no sign"


def _compare_sources(similarities: Sequence[tuple[bool, float]]) -> SimilarityTest:
    seen, unseen = (
        np.array([value for was_seen, value in similarities if was_seen is side], np.float64)
        for side in (True, False)
    )
    return compare_seen_with_unseen(seen, unseen)


def _residual_similarities(compared: Compared) -> list[tuple[bool, float]]:
    found = [
        (case.seen, _mean_residual_correlation(comparison.twins[0]))
        for case, comparison in compared
    ]
    return [(seen, value) for seen, value in found if value is not None]


def _mean_residual_correlation(twin: TwinMeasures) -> float | None:
    """Average over the modalities that have a correlation."""
    values = [one.value for one in twin.residual_correlation.values() if one.value is not None]
    return float(np.mean(values)) if values else None


def _feature_similarities(compared: Compared) -> list[tuple[bool, float]]:
    """Compute minus the distance of healthy tissue's features, in pooled sds; higher is closer."""
    places: list[tuple[Modality, Area]] = [(name, "healthy") for name in MODALITIES]
    whole = [
        (case.seen, own, drawn)
        for case, comparison in compared
        if (own := _feature_vector(comparison.features, places)) is not None
        and (drawn := _feature_vector(comparison.twins[0].features, places)) is not None
    ]
    if not whole:
        return []
    real, twin = (np.array([row[side] for row in whole], np.float64) for side in (1, 2))
    sd = np.concatenate([real, twin]).std(axis=0)
    apart = (real - twin) / np.where(sd > 0, sd, 1.0)
    closeness = -np.sqrt((apart**2).mean(axis=1))
    return [(row[0], float(value)) for row, value in zip(whole, closeness, strict=True)]
