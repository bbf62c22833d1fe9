"""Why a claim of the paper fails in a study, as far as its own numbers can say.

T3 and T4 have a companion, `shuffled`: what they would be if a case's real and synthetic Dice had
nothing to do with each other. It depends on the spread of Dice alone. Where a factor has the same
order without any pairing, its order is that of the spread, and no finding about pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from syntrust_metrics.experiment.schema import Arm, ShownResults
from syntrust_metrics.report.cells import format_number, format_signed
from syntrust_metrics.trust.schema.inference import ClaimId

REGIONS: Final = ("ED", "ET", "NCR")
NOT_MEASURED: Final = "Why was not measured."
NAMED: Final = {"t3": ("T3", "T5"), "t4": ("T4", "the spread of Dice")}
Factor = Literal["t3", "t4"]
Means = Mapping[str, float]
Explanation = Callable[[ShownResults], list[str]]


def explain(claim: ClaimId, results: ShownResults) -> list[str]:
    """Explain a claim that fails: one sentence for each thing that was measured."""
    found = EXPLANATIONS.get(claim)
    sentences = [] if found is None else found(results)
    return sentences or [NOT_MEASURED]


def _explain_t3_order(results: ShownResults) -> list[str]:
    return _compare_orders(results["alphas"], "t3", "Over all α")


def _explain_t4_order(results: ShownResults) -> list[str]:
    return _compare_orders(results["alphas"], "t4", "Over all α")


def _explain_t4_at_zero(results: ShownResults) -> list[str]:
    first = [arm for arm in results["alphas"] if arm["alpha"] == 0]
    return _compare_orders(first, "t4", "At α = 0")


def _compare_orders(arms: Sequence[Arm], factor: Factor, where: str) -> list[str]:
    """Put the order of a factor, mean over α, beside the order that pairing at random gives."""
    found, chance = _mean(arms, factor, _value), _mean(arms, factor, _shuffled)
    if found is None or chance is None:
        return []
    name, of = NAMED[factor]
    numbers = (
        f"{where}, {name} has the mean {_list(found)}. Paired at random it would have "
        f"{_list(chance)}."
    )
    if _order(found) == _order(chance):
        return [numbers, f"The same order arises from {of} alone, without any pairing."]
    return [numbers, f"From {of} alone another order arises, so pairs have a part in it."]


def _explain_t3_fall(results: ShownResults) -> list[str]:
    slopes = {
        region: [_slope(results, region, read) for read in (_value, _shuffled)]
        for region in REGIONS
    }
    if any(slope is None for both in slopes.values() for slope in both):
        return []
    said = ", ".join(
        f"{region} {format_signed(own, 4)} ({format_signed(chance, 4)})"
        for region, (own, chance) in slopes.items()
    )
    numbers = f"From α = 0 to 1, along a straight line, T3 changes by {said}."
    return [
        numbers,
        "In brackets: the same of the T3 that pairing at random gives, so of T5 alone.",
    ]


def _explain_t5(results: ShownResults) -> list[str]:
    """Divide the ratio of both T5 into that of the standard deviations and that of the means."""
    return [said for region in REGIONS if (said := _divide_t5(results, region)) is not None]


def _divide_t5(results: ShownResults, region: str) -> str | None:
    real = _mean_moments(results, "real", region)
    synthetic = _mean_moments(results, "synthetic", region)
    if real is None or synthetic is None:
        return None
    spreads, means = real.sd / synthetic.sd, synthetic.mean / real.mean
    return (
        f"{region}: over all α, the standard deviation of Dice is {format_number(real.sd)} on real "
        f"and {format_number(synthetic.sd)} on synthetic test images, mean Dice "
        f"{format_number(real.mean)} and {format_number(synthetic.mean)}. T5 on real ones is "
        f"{spreads * means:.2f} times that on synthetic ones: {spreads:.2f} from the standard "
        f"deviations times {means:.2f} from the means."
    )


def _explain_t1(results: ShownResults) -> list[str]:
    curve = results["curve"]
    if curve is None:
        return []
    gaps = ", ".join(
        f"{format_signed(point['difference']['value'])} at {point['alpha']:g}"
        for point in curve["points"]
    )
    margin = results["alphas"][0]["trust"]["policy"]["margin"]
    return [f"T1_R − T1_S by α: {gaps}. The margin is {margin:g}."]


def _explain_t2(results: ShownResults) -> list[str]:
    found = []
    for arm in results["alphas"]:
        both = arm["trust"]["factors"]["t2"]
        sides = [format_number(both[side]["value"]) for side in ("real", "synthetic")]
        found.append(f"{sides[0]} and {sides[1]} at {arm['alpha']:g}")
    return [f"T2 on real and on synthetic test images by α: {', '.join(found)}."]


def _explain_t4_middle(results: ShownResults) -> list[str]:
    """Put T4 over α beside what another training of the same mix gives."""
    floors = {each["alpha"]: each["t4"] for each in results["floors"]["seeds"]["alphas"]}
    said = []
    for region in REGIONS:
        values = [
            format_number(arm["trust"]["factors"]["t4"][region]["value"])
            for arm in results["alphas"]
        ]
        retrained = [each[region]["value"] for each in floors.values() if region in each]
        known = [value for value in retrained if value is not None]
        floor = f"; another training alone gives {np.mean(known):.3f}" if known else ""
        said.append(f"{region}: T4 by α is {', '.join(values)}{floor}.")
    return said


EXPLANATIONS: Final[Mapping[ClaimId, Explanation]] = {
    "t1_meets_in_the_middle": _explain_t1,
    "t2_higher_on_synthetic": _explain_t2,
    "t3_order": _explain_t3_order,
    "t3_falls": _explain_t3_fall,
    "t4_lowest_for_ed": _explain_t4_order,
    "t4_lowest_in_the_middle": _explain_t4_middle,
    "t4_order_at_zero": _explain_t4_at_zero,
    "t5_lower_on_synthetic": _explain_t5,
    "t5_stable": _explain_t5,
    "t5_equal_for_ed": _explain_t5,
}


def _value(arm: Arm, factor: Factor, region: str) -> float | None:
    value: float | None = arm["trust"]["factors"][factor][region]["value"]
    return value


def _shuffled(arm: Arm, factor: Factor, region: str) -> float | None:
    beside: Mapping[str, Any] = arm["trust"]["companions"][factor]
    value: float | None = beside[region]["shuffled"]
    return value


Read = Callable[[Arm, Factor, str], float | None]


class _Moments(NamedTuple):
    mean: float
    sd: float


def _mean(arms: Sequence[Arm], factor: Factor, read: Read) -> dict[str, float] | None:
    means = {}
    for region in REGIONS:
        values = [read(arm, factor, region) for arm in arms]
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return None
        means[region] = float(np.mean(known))
    return means


def _slope(results: ShownResults, region: str, read: Read) -> float | None:
    points = [(arm["alpha"], read(arm, "t3", region)) for arm in results["alphas"]]
    known = [(alpha, value) for alpha, value in points if value is not None]
    if len(known) < len(points) or len(known) < 2:
        return None
    alphas, values = np.array(known).T
    return float(np.polyfit(alphas, values, 1)[0])


def _mean_moments(
    results: ShownResults, side: Literal["real", "synthetic"], region: str
) -> _Moments | None:
    """Mean and standard deviation of Dice, each averaged over α; None where one is not above 0."""
    moments = [arm["trust"]["companions"]["t5"][side][region] for arm in results["alphas"]]
    means = [each["mean"] or 0.0 for each in moments]
    spreads = [each["sd"] or 0.0 for each in moments]
    if min(means) <= 0 or min(spreads) <= 0:
        return None
    return _Moments(float(np.mean(means)), float(np.mean(spreads)))


def _order(means: Means) -> list[str]:
    return sorted(means, key=lambda region: -means[region])


def _list(means: Means) -> str:
    return ", ".join(f"{region} {format_number(means[region], 4)}" for region in _order(means))
