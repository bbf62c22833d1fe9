"""Say in plain words what the numbers mean and what they can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from syntrust_core.contracts.case_record import CaseRecord
from syntrust_core.contracts.report import BuildReport
from syntrust_metrics.experiment.schema import Arm, ControlArm, ShownResults, Unseen
from syntrust_metrics.experiment.wording import Wording
from syntrust_metrics.report.verdicts import Scans, describe_limits
from syntrust_metrics.trust.schema.request import ScoredCase

FEW: Final = 10
LOW_N: Final = 50
IDS_NAMED: Final = 12

DEFINITIONS: Final = (
    (
        "T1, mean Dice (higher is better; real and synthetic close is better)",
        "The mean over test cases of a case's mean Dice over its regions, in [0, 1].",
    ),
    (
        "T2, consistency (higher is better)",
        "One minus the standard deviation over cases of the case's mean Dice, in [0.5, 1].",
    ),
    (
        "T3, cosine similarity (higher is better)",
        (
            "The cosine between the vectors of Dice on real and on synthetic test images of the "
            "same cases, in [0, 1], for each region. Dice that have nothing to do with each other "
            "already reach about 0.9 to 0.99, so a high T3 alone shows little."
        ),
    ),
    (
        "T4, mean absolute difference (lower is better)",
        (
            "The mean absolute difference between a case's Dice on its real and on its synthetic "
            "image, in [0, 1], for each region. Two draws of one distribution do not reach 0."
        ),
    ),
    (
        "T5, coefficient of variation (lower is better)",
        (
            "The standard deviation of Dice over its mean, for each region and test set. It grows "
            "without bound as the mean falls."
        ),
    ),
    (
        "α",
        (
            "The share of real images among the training images; the rest are synthetic twins of "
            "the other training cases. α = 0 tested on real images is known as TSTR, α = 1 tested "
            "on synthetic images as TRTS."
        ),
    ),
    (
        "Regions",
        (
            "ET enhancing tumour, ED oedema, NCR necrotic and non-enhancing core; TC = ET + NCR, "
            "WT = all three. Dice is 2|A∩B| / (|A| + |B|). Where reference and prediction are both "
            "empty it has no value, and the policy says what that counts as."
        ),
    ),
)

FIGURES: Final = {
    "fig2": (
        "Real and synthetic images of the same cases",
        (
            "Each case above its synthetic twin, at the axial slice with the most tumour, in four "
            "modalities."
        ),
    ),
    "fig3": (
        "Region volumes of training and test cases",
        "Whether the test cases are like the training cases: volumes of the three regions.",
    ),
    "fig4": (
        "T1 over α",
        (
            "Mean Dice on the real and on the synthetic test images. Higher is better; a gap says "
            "that synthetic test images do not predict performance on real ones."
        ),
    ),
    "fig5": (
        "T2 over α",
        "Consistency across cases on both test sets. Higher is better.",
    ),
    "fig6": (
        "T3 over α",
        (
            "Cosine similarity of real and synthetic Dice per region. Higher is better, but it "
            "hardly moves."
        ),
    ),
    "fig7": (
        "T4 over α",
        "Mean absolute difference of real and synthetic Dice per region. Lower is better.",
    ),
    "fig8": (
        "T5 over α",
        (
            "Coefficient of variation of Dice, which is its spread over its mean, per region on "
            "both test sets. Lower is better."
        ),
    ),
    "dice_volume": (
        "Dice against region volume",
        (
            "Whether small regions score lower, as the paper holds. ρ is Spearman's rank "
            "correlation with its 95% interval over cases."
        ),
    ),
    "bland_altman": (
        "Real against synthetic, case by case",
        (
            "Bland-Altman: the difference of a case's Dice on its two images over their mean. A "
            "bias of 0 and narrow limits are best. Concordance falls below correlation where one "
            "side is shifted or stretched."
        ),
    ),
    "floors": (
        "T3 and T4 against their floors",
        (
            "T3 below 1 and T4 above 0 mean little by themselves: compare them with a second twin "
            "against the first, with another training against the first, and with what pairing at "
            "random would give."
        ),
    ),
}


def describe_reach(results: ShownResults, wording: Wording) -> list[str]:
    """Say what this many cases, trainings and mixes can and cannot show."""
    first = results["alphas"][0]
    said = [
        _describe_margin(first["trust"]["policy"]["margin"]),
        *describe_limits(results, Scans(wording)),
    ]
    said += _describe_cases(first["trust"]["cases"])
    said += _describe_unseen(results["unseen"])
    said.append(
        f"Synthetic test scans that predict performance on {wording.real} ones do not show that "
        f"training on synthetic scans is as good as training on {wording.real} ones."
    )
    return said + ([wording.caution] if wording.caution else [])


def _describe_margin(margin: float) -> str:
    return (
        f"The margin of {margin:g} is in Dice, which runs from 0 (no overlap) to 1 (the reference "
        "itself): a difference of mean Dice smaller than that counts as none."
    )


def _describe_cases(cases: int) -> list[str]:
    if cases < FEW:
        return [
            (
                f"{_count(cases, 'test case')}: too few for any interval. The numbers describe "
                "these cases; they show that the pipeline runs, and nothing about other cases."
            )
        ]
    if cases < LOW_N:
        return [
            (
                f"{cases} test cases: the intervals of T1 and T4 can be used with care; T2, T3 and "
                "T5 are indicative only."
            )
        ]
    return []


def _describe_unseen(unseen: Unseen | None) -> list[str]:
    if unseen is None:
        return ["No test case is known to have been used to train the generator."]
    cases = unseen["cases"]
    if not cases:
        return ["The generator was trained on every test case, so its twins may repeat them."]
    said = [
        (
            "The generator was trained on some of the test cases, so their twins may repeat them; "
            f"the factors are given again for the {_count(cases, 'test case')} that are new to it."
        )
    ]
    return said + [warning["detail"] for warning in unseen["warnings"]]


def describe_exclusions(
    request: BuildReport, records: Mapping[str, CaseRecord], results: ShownResults
) -> list[str]:
    """Say what did not count, how often, and why."""
    return [
        *_describe_validation(request),
        *_describe_dropped(results),
        *_describe_outside(request, records),
        *_describe_empty(results),
    ]


def _describe_validation(request: BuildReport) -> list[str]:
    cases = sum(case.part == "validation" for case in request.cases)
    if not cases:
        return []
    return [
        (
            f"{_count(cases, 'validation case')}, set aside before mixing: never trained on, never "
            "tested, and not among the cases that α divides."
        )
    ]


def _describe_dropped(results: ShownResults) -> list[str]:
    counts = [entry["trust"]["counts"] for entry in results["alphas"]]
    most = {region: max(each[region]["dropped"] for each in counts) for region in counts[0]}
    return [
        f"{region} of {_count(dropped, 'test case')} at most, under the policy that drops a region "
        "without reference."
        for region, dropped in most.items()
        if dropped
    ]


def _describe_outside(request: BuildReport, records: Mapping[str, CaseRecord]) -> list[str]:
    outside = [
        case.id
        for case in request.cases
        if case.case in records and records[case.case].tumour_voxels_outside_grid
    ]
    if not outside:
        return []
    return [
        (
            f"Tumour outside of the canonical grid in {_count(len(outside), 'case')}: "
            f"{_name_cases(sorted(outside))}. It was neither drawn nor scored."
        )
    ]


def _describe_empty(results: ShownResults) -> list[str]:
    cases = results["alphas"][0]["seeds"][0]["cases"]
    ill = [case["id"] for case in cases if _has_empty_region(case)]
    if not ill:
        return []
    return [
        (
            f"{_count(len(ill), 'test case')} with an empty region ({_name_cases(ill)}): what an "
            "empty region counts as is the policy's, see the table."
        )
    ]


def _has_empty_region(case: ScoredCase) -> bool:
    return any(value is None for side in ("real", "synthetic") for value in case[side].values())


def collect_warnings(results: ShownResults) -> list[str]:
    """Collect the distinct warnings of every scoring; nested ones only where they say more."""
    plain = _group_by_detail(results["alphas"])
    nested = {
        f"{detail} (nested regions)": alphas
        for detail, alphas in _group_by_detail(results["nested"]).items()
        if detail not in plain
    }
    every = len(results["alphas"])
    return [
        detail if len(alphas) == every else f"{detail} At α = {', '.join(alphas)}."
        for detail, alphas in (plain | nested).items()
    ]


def _group_by_detail(entries: Sequence[Arm]) -> dict[str, list[str]]:
    """Give the α at which each warning was made."""
    where: dict[str, list[str]] = {}
    for entry in entries:
        for detail in list_warnings(entry):
            where.setdefault(detail, []).append(f"{entry['alpha']:g}")
    return where


def list_warnings(entry: Arm | ControlArm) -> list[str]:
    """Give the warnings of one arm."""
    trust = entry["trust"]
    return [] if trust is None else [warning["detail"] for warning in trust["warnings"]]


def summarise(results: ShownResults, parts: Mapping[str, int], wording: Wording) -> str:
    """Say what was done, in a sentence."""
    alphas = [f"{entry['alpha']:g}" for entry in results["alphas"]]
    counts = {len(entry["seeds"]) for entry in results["alphas"]}
    times = " to ".join(_times(count) for count in sorted({min(counts), max(counts)}))
    return (
        f"A segmenter was trained {times} at each share of {wording.real} images "
        f"α = {', '.join(alphas)} on {_count(parts['train'], 'case')}, and tested on "
        f"{_count(parts['test'], 'case')}, each as a {wording.real} image and as its synthetic "
        "twin, drawn from the same label map."
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _name_cases(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - IDS_NAMED} more" if len(ids) > IDS_NAMED else ""
    return f"{', '.join(ids[:IDS_NAMED])}{more}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
