"""Put the verdict in words: what the tests of the definition support, and nothing else.

Sentences about performance come from `versus_real` alone, sentences about synthetic test scans from
the equivalence of both test sets alone. No sentence is drawn from intervals that overlap or not,
and "not significantly different" is never called equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from syntrust_metrics.experiment.schema import Arm, ShownResults
from syntrust_metrics.figures.style import REGION_NAMES
from syntrust_metrics.trust.schema.answer import Equivalence
from syntrust_metrics.trust.schema.inference import Comparison, ModelComparison

Kind = Literal["better", "equivalent", "not worse", "worse", "different", "undecided"]
PHANTOM_PREFIX: Final = "phantom-"
MIN_VERDICT_CASES: Final = 50
SHARES: Final[Mapping[float, str]] = {
    0.0: "synthetic data alone",
    0.25: "three quarters synthetic data",
    0.5: "half synthetic data",
    0.75: "a quarter synthetic data",
    1.0: "real data alone",
}
COMPARED: Final[Mapping[Kind, str]] = {
    "better": "better than",
    "equivalent": "equivalent to",
    "not worse": "not worse than",
    "worse": "worse than",
}
ALONE: Final[Mapping[Kind, str]] = {
    "better": "better",
    "equivalent": "equivalent",
    "not worse": "not worse",
    "worse": "worse",
    "different": "different",
}
REASONS: Final[Mapping[str | None, str]] = {
    "fewer than 10 cases": "fewer than 10 scans allow no test",
    "fewer than 50 cases": "fewer than 50 scans cannot show it",
    "rare large failures": "three more failures of the largest size seen would overturn it",
    "not after Holm's adjustment": "it holds for the region alone, not among all regions",
    "outside the margin, but not after Holm's adjustment": (
        "the difference lies outside the margin for the region alone, not among all regions"
    ),
    "the interval reaches past the margin": "the difference may lie on either side of the margin",
    None: "the difference may lie on either side of the margin",
}


@dataclass(frozen=True)
class Scans:
    """What a test set consists of, in the singular, and which of these."""

    noun: str
    which: str = ""

    def counted(self, cases: int) -> str:
        return f"{cases} {self.noun}{'' if cases == 1 else 's'}{self.which}"


def describe_performance(alphas: Sequence[Arm], scans: Scans) -> list[str]:
    """Say for each mix if its model does as well on real scans as that of real data alone."""
    return [
        describe_versus_real(entry["alpha"], entry["versus_real"], scans)
        for entry in alphas
        if entry["versus_real"] is not None
    ]


def describe_versus_real(alpha: float, found: ModelComparison, scans: Scans) -> str:
    """Put `versus_real` of one α in words."""
    kinds = {region: judge_against_real(each) for region, each in found["regions"].items()}
    margin = f"(margin {found['margin']:g})"
    reasons = {r: each["non_inferiority"]["reason"] for r, each in found["regions"].items()}
    unknown = _collect_undecided(kinds, reasons)
    model, real = (
        f"the model trained with {describe_share(alpha)}",
        "the one trained on real data alone",
    )
    on = f"On {scans.counted(found['cases'])}"
    decided = _group_by_kind(kinds, COMPARED)
    if not decided:
        why = _explain_undecided(unknown)
        return f"{on} it is undecided whether {model} is worse than {real} {margin}: {why}."
    (first, regions), *others = decided
    said = f"{on}, {model} was {COMPARED[first]} {real} for {regions} {margin}"
    return said + _close_sentence(others, unknown)


def judge_against_real(region: Comparison) -> Kind:
    """Read both tests of one region of `versus_real` together; the stronger finding counts."""
    same, not_worse = region["equivalence"]["verdict"], region["non_inferiority"]["verdict"]
    if not_worse == "inferior":
        return "worse"
    if same == "different" and (region["difference"] or 0) > 0:
        return "better"
    if same == "equivalent":
        return "equivalent"
    return "not worse" if not_worse == "non-inferior" else "undecided"


def describe_prediction(alphas: Sequence[Arm], scans: Scans) -> list[str]:
    """Say for each model whether synthetic test scans predict how it does on real ones."""
    return [
        describe_equivalence(
            entry["alpha"], entry["trust"]["equivalence"], entry["trust"]["cases"], scans
        )
        for entry in alphas
    ]


def describe_equivalence(alpha: float, found: Equivalence, cases: int, scans: Scans) -> str:
    """Put the equivalence of both test sets at one α in words."""
    kinds: dict[str, Kind] = {
        region: {"equivalent": "equivalent", "different": "different"}.get(  # type: ignore[misc]
            each["verdict"], "undecided"
        )
        for region, each in found["regions"].items()
    }
    margin = f"(margin {found['margin']:g})"
    unknown = _collect_undecided(kinds, {r: each["reason"] for r, each in found["regions"].items()})
    model = f"the model trained with {describe_share(alpha)}"
    twins = f"the synthetic twins of {scans.counted(cases)}"
    equal = _name_regions(region for region, kind in kinds.items() if kind == "equivalent")
    others = [pair for pair in _group_by_kind(kinds, ALONE) if pair[0] != "equivalent"]
    if equal:
        said = (
            f"For {model}, Dice on {twins} was equivalent to Dice on the scans themselves for "
            f"{equal} {margin}: there, synthetic scans predict performance on real ones"
        )
        return said + _close_sentence(others, unknown)
    if others:
        [(_, regions)] = others
        said = (
            f"For {model}, Dice on {twins} was different from Dice on the scans themselves for "
            f"{regions} {margin}: there, synthetic scans do not predict performance on real ones"
        )
        return said + _close_sentence([], unknown)
    return (
        f"For {model}, it is undecided whether {twins} predict performance on the scans "
        f"themselves {margin}: {_explain_undecided(unknown)}."
    )


def describe_limits(results: ShownResults, scans: Scans) -> list[str]:
    """Say what these numbers of scans, trainings and mixes cannot show."""
    first = results["alphas"][0]
    cases = first["trust"]["cases"]
    seeds = min(len(entry["seeds"]) for entry in results["alphas"])
    said = []
    if all(entry["versus_real"] is None for entry in results["alphas"]):
        said.append(
            "No mix was compared with a model trained on real data alone (α = 1), so nothing is "
            "said about clinical performance."
        )
    if cases < MIN_VERDICT_CASES:
        said.append(
            f"With {scans.counted(cases)} nothing can be called equivalent or not worse: that "
            f"takes at least {MIN_VERDICT_CASES}."
        )
    if seeds == 1:
        said.append(
            "Each model was trained once. What is said holds for these trained models; another "
            "training may come out differently, and by how much was not measured, so no trend over "
            "α is claimed from fewer than five α."
        )
    elif seeds == 2:
        said.append(
            "Each model was trained twice: training noise is measured roughly, and a trend over α "
            "takes three trainings or five α."
        )
    said.append(
        "Undecided means that these scans cannot tell, and not that there is no difference."
    )
    return said


def describe_share(alpha: float) -> str:
    """Say what a model was trained with, by its share of real images."""
    return SHARES.get(alpha, f"{100 * (1 - alpha):.3g}% synthetic data")


def describe_scans(case_ids: Iterable[str]) -> Scans:
    """Name what the test set consists of: phantoms are no patients' scans."""
    phantoms = [case.startswith(PHANTOM_PREFIX) for case in case_ids]
    if all(phantoms):
        return Scans("held-out phantom scan")
    if any(phantoms):
        return Scans("held-out scan", ", some of them phantoms")
    return Scans("held-out real scan")


def join_words(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _group_by_kind(kinds: Mapping[str, Kind], order: Iterable[Kind]) -> list[tuple[Kind, str]]:
    named = [
        (kind, _name_regions(r for r, found in kinds.items() if found == kind)) for kind in order
    ]
    return [(kind, regions) for kind, regions in named if regions]


def _close_sentence(others: Sequence[tuple[Kind, str]], unknown: Mapping[str, str]) -> str:
    """Close a sentence: the other findings, then what is undecided and why."""
    clauses = [f"it was {ALONE[kind]} for {regions}" for kind, regions in others]
    clauses += [f"for {regions} this is undecided ({why})" for why, regions in unknown.items()]
    return "".join(f"; {clause}" for clause in clauses) + "."


def _collect_undecided(
    kinds: Mapping[str, Kind], reasons: Mapping[str, str | None]
) -> dict[str, str]:
    """Collect the undecided regions by the reason why they are."""
    whys = {
        region: REASONS.get(reasons[region], str(reasons[region]))
        for region, kind in kinds.items()
        if kind == "undecided"
    }
    return {why: _name_regions(r for r, own in whys.items() if own == why) for why in whys.values()}


def _explain_undecided(unknown: Mapping[str, str]) -> str:
    """Say why nothing is decided; regions are named where their reasons differ."""
    if len(unknown) == 1:
        return next(iter(unknown))
    return "; ".join(f"for {regions}, {why}" for why, regions in unknown.items())


def _name_regions(regions: Iterable[str]) -> str:
    return join_words([REGION_NAMES.get(region, region) for region in regions])
