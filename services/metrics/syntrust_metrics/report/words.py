"""What the numbers mean and how far they carry, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Body = Mapping[str, Any]

NOTICE: Final = "Research use only. Not for clinical decisions."
PHANTOM_PREFIX: Final = "phantom-"
FEW: Final = 10
LOW_N: Final = 50

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
        "T3, alignment (higher is better)",
        (
            "The cosine between the vectors of Dice on real and on synthetic test images of the "
            "same cases, in [0, 1], for each region. Dice that have nothing to do with each other "
            "already reach about 0.9 to 0.99, so a high T3 alone shows little."
        ),
    ),
    (
        "T4, disparity (lower is better)",
        (
            "The mean absolute difference between a case's Dice on its real and on its synthetic "
            "image, in [0, 1], for each region. Two draws of one distribution do not reach 0."
        ),
    ),
    (
        "T5, relative spread (lower is better)",
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
            "ET enhancing tumour, ED oedema, NCR necrotic core; TC = ET + NCR, WT = all three. "
            "Dice is 2|A∩B| / (|A| + |B|). Where reference and prediction are both empty it has no "
            "value, and the policy says what that counts as."
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
        "Alignment of real and synthetic Dice per region. Higher is better, but it hardly moves.",
    ),
    "fig7": (
        "T4 over α",
        "Mean absolute difference of real and synthetic Dice per region. Lower is better.",
    ),
    "fig8": (
        "T5 over α",
        "Spread of Dice relative to its mean, per region on both test sets. Lower is better.",
    ),
}


def reach(results: Body, case_ids: Iterable[str]) -> list[str]:
    """Say what this many cases and seeds can and cannot show."""
    first = results["alphas"][0]
    said = [_of_cases(first["trust"]["cases"]), _of_seeds(len(first["seeds"]))]
    said += _of_unseen(results["unseen"])
    said.append(
        "Real and synthetic test sets that agree show that synthetic test images predict "
        "performance on real ones. They do not show that training on synthetic images is as good "
        "as training on real ones."
    )
    ids = list(case_ids)
    phantoms = sum(case.startswith(PHANTOM_PREFIX) for case in ids)
    if phantoms:
        share = "All cases" if phantoms == len(ids) else f"{phantoms} of {len(ids)} cases"
        said.append(f"{share} are phantoms, made by a program: they say nothing about patients.")
    return said


def _of_cases(cases: int) -> str:
    if cases < FEW:
        return (
            f"{_plural(cases, 'test case')}: too few for any interval. The numbers describe these "
            "cases; they show that the pipeline runs, and nothing about other cases."
        )
    if cases < LOW_N:
        return (
            f"{cases} test cases: the intervals of T1 and T4 can be used with care; T2, T3 and T5 "
            "are indicative only. A difference smaller than the intervals cannot be told from "
            "chance, and equivalence cannot be concluded from so few cases."
        )
    return (
        f"{cases} test cases: the intervals cover what the choice of cases adds. A difference "
        "smaller than they are cannot be told from chance."
    )


def _of_seeds(seeds: int) -> str:
    if seeds == 1:
        return (
            "One training per α: the intervals hold for these trained models. How much another "
            "training would change was not measured, so a curve over α may be training noise."
        )
    return (
        f"{seeds} trainings per α: factors are means over them, and `seed sd` is their spread. "
        "Intervals say whether they speak of these models or of trainings in general."
    )


def _of_unseen(unseen: Body | None) -> list[str]:
    if unseen is None:
        return ["No test case is known to have been used to train the generator."]
    cases = unseen["cases"]
    if not cases:
        return ["The generator was trained on every test case, so its twins may repeat them."]
    said = [
        (
            "The generator was trained on some of the test cases, so their twins may repeat them; "
            f"the factors are given again for the {_plural(cases, 'test case')} that are new to it."
        )
    ]
    return said + [warning["detail"] for warning in unseen["warnings"]]


def warnings(results: Body) -> list[str]:
    """Collect the distinct warnings of every scoring; nested ones only where they say more."""
    plain = _by_detail(results["alphas"])
    nested = {
        f"{detail} (nested regions)": alphas
        for detail, alphas in _by_detail(results["nested"]).items()
        if detail not in plain
    }
    every = len(results["alphas"])
    return [
        detail if len(alphas) == every else f"{detail} At α = {', '.join(alphas)}."
        for detail, alphas in (plain | nested).items()
    ]


def _by_detail(entries: Sequence[Body]) -> dict[str, list[str]]:
    """Give the α at which each warning was made."""
    where: dict[str, list[str]] = {}
    for entry in entries:
        for warning in entry["trust"]["warnings"]:
            where.setdefault(warning["detail"], []).append(f"{entry['alpha']:g}")
    return where


def summary(results: Body, parts: Mapping[str, int]) -> list[str]:
    """Give the experiment and its main numbers in a few sentences."""
    alphas = [f"{entry['alpha']:g}" for entry in results["alphas"]]
    said = [
        (
            f"A segmenter was trained at α = {', '.join(alphas)} on {parts['train']} cases and "
            f"tested on {_plural(parts['test'], 'case')}, each as a real image and as its twin."
        )
    ]
    said += [_main_numbers(entry) for entry in _ends(results["alphas"])]
    return said


def _ends(alphas: Sequence[Body]) -> list[Body]:
    return [alphas[0], alphas[-1]] if len(alphas) > 1 else [alphas[0]]


def _main_numbers(entry: Body) -> str:
    t1 = entry["trust"]["factors"]["t1"]
    real, synthetic = _number(t1["real"]), _number(t1["synthetic"])
    return (
        f"At α = {entry['alpha']:g} the mean Dice (T1) is {real} on real and {synthetic} on "
        "synthetic test images."
    )


def _number(leaf: Body) -> str:
    if leaf["value"] is None:
        return f"undefined ({leaf['reason']})"
    if leaf["ci"] is None:
        return f"{leaf['value']:.3f}"
    low, high = leaf["ci"]
    return f"{leaf['value']:.3f} [{low:.3f}, {high:.3f}]"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
