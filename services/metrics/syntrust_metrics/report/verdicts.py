"""Put the verdict in words: what the tests of the definition support, and nothing else.

Sentences about performance come from `versus_real` alone, sentences about synthetic test scans from
the equivalence of both test sets alone. No sentence is drawn from intervals that overlap or not,
and "not significantly different" is never called equal. Mixes of which the same is found share one
sentence, and each sentence names the rows of the tests that it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from syntrust_metrics.experiment.schema import Arm, ShownResults
from syntrust_metrics.experiment.wording import Wording
from syntrust_metrics.figures.style import REGION_NAMES
from syntrust_metrics.report.cells import Evidence, Sentence
from syntrust_metrics.trust.inference.margin_tests import MIN_VERDICT_CASES
from syntrust_metrics.trust.inference.trend import MIN_ALPHAS
from syntrust_metrics.trust.schema.answer import Equivalence
from syntrust_metrics.trust.schema.inference import Comparison, ModelComparison

Kind = Literal["better", "equivalent", "not worse", "worse", "different", "undecided"]
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
TWINS: Final[Mapping[Kind, tuple[str, str]]] = {
    "equivalent": ("equivalent to", "predict"),
    "different": ("different from", "do not predict"),
}
FEW_ALPHAS: Final = 2  # are named one by one even where the same is found of all
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
REASON_DIFFERS: Final = "the reason differs by α, see the tests"


@dataclass(frozen=True)
class Scans:
    """How the scans of a test set are named, and which of them these are."""

    wording: Wording
    which: str = ""

    @property
    def real(self) -> str:
        """What is not synthetic, as an adjective."""
        return self.wording.real

    def counted(self, cases: int) -> str:
        return f"{cases} {self.wording.scan}{'' if cases == 1 else 's'}{self.which}"


@dataclass(frozen=True)
class Found:
    """What is said of several mixes at once: the kind of each region, and the reasons for it."""

    kinds: tuple[tuple[str, Kind], ...]
    reasons: Mapping[str, Sequence[str | None]]
    cases: int
    margin: float

    @property
    def undecided(self) -> Mapping[str, str]:
        """The undecided regions by the reason why they are."""
        return _collect_undecided(dict(self.kinds), self.reasons)

    def name_decided(self, order: Iterable[Kind]) -> list[tuple[Kind, str]]:
        return _group_by_kind(dict(self.kinds), order)


@dataclass(frozen=True)
class Models:
    """The models of which one thing is said: all that were judged, some, or one."""

    alphas: Sequence[float]
    judged: int
    wording: Wording

    @property
    def plural(self) -> bool:
        return len(self.alphas) > 1

    @property
    def named(self) -> str:
        if not self.plural:
            return f"the model trained with {describe_share(self.alphas[0], self.wording)}"
        return f"the models at {self.places}"

    @property
    def places(self) -> str:
        if self.every:
            return f"each of the {self.judged} α ({_format_span(self.alphas)})"
        return f"α = {join_words([f'{alpha:g}' for alpha in self.alphas])}"

    @property
    def every(self) -> bool:
        return len(self.alphas) == self.judged > FEW_ALPHAS


def describe_performance(
    alphas: Sequence[Arm], scans: Scans, prefix: str = "performance"
) -> list[Sentence]:
    """Say for each mix if its model does as well on real scans as that of real data alone.

    `prefix` begins the anchors of the rows that the sentences rest on.
    """
    found = {
        entry["alpha"]: _read_versus_real(entry["versus_real"])
        for entry in alphas
        if entry["versus_real"] is not None
    }
    say = partial(_describe_models, scans=scans)
    return _merge(found, prefix, scans.wording, say)


def _read_versus_real(found: ModelComparison) -> Found:
    regions = found["regions"]
    return Found(
        kinds=tuple((name, judge_against_real(each)) for name, each in regions.items()),
        reasons={r: [each["non_inferiority"]["reason"]] for r, each in regions.items()},
        cases=found["cases"],
        margin=found["margin"],
    )


def _merge(
    found: Mapping[float, Found],
    prefix: str,
    wording: Wording,
    say: Callable[[Models, Found], str],
) -> list[Sentence]:
    """Say once what is found of several mixes, in the order of their first α.

    Where their reasons differ, the sentence says so; each row of the tests has its own.
    """
    groups: dict[tuple[tuple[str, Kind], ...], list[float]] = {}
    for alpha, one in found.items():
        groups.setdefault(one.kinds, []).append(alpha)
    return [
        Sentence(
            say(
                Models(alphas, len(found), wording), _join_found([found[alpha] for alpha in alphas])
            ),
            [Evidence(name_row(prefix, alpha), f"α = {alpha:g}") for alpha in alphas],
        )
        for alphas in groups.values()
    ]


def _join_found(several: Sequence[Found]) -> Found:
    """Join what has the same kinds: with every reason of a region once."""
    reasons = {
        region: list(dict.fromkeys(why for one in several for why in one.reasons[region]))
        for region in several[0].reasons
    }
    return replace(several[0], reasons=reasons)


def name_row(prefix: str, alpha: float) -> str:
    """Name the row of a table in which the tests of an α begin."""
    return f"{prefix}-{alpha:g}"


def _describe_models(models: Models, found: Found, scans: Scans) -> str:
    margin = f"(margin {found.margin:g})"
    on, real = f"On {scans.counted(found.cases)}", f"the one trained on {scans.real} data alone"
    decided = found.name_decided(COMPARED)
    if not decided:
        return _describe_undecided(models, f"worse than {real} {margin}", on, found.undecided)
    (first, regions), *others = decided
    was = "were" if models.plural else "was"
    said = f"{on}, {models.named} {was} {COMPARED[first]} {real} for {regions} {margin}"
    return said + _close_sentence(others, found.undecided, plural=models.plural)


def _describe_undecided(models: Models, what: str, on: str, unknown: Mapping[str, str]) -> str:
    why = _explain_undecided(unknown)
    if models.every:
        span = _format_span(models.alphas)
        return (
            f"{on} it can be decided at none of the {models.judged} α ({span}) whether the model "
            f"is {what}: {why}."
        )
    if models.plural:
        return f"{on} it is undecided at {models.places} whether the model is {what}: {why}."
    return f"{on} it is undecided whether {models.named} is {what}: {why}."


def _format_span(alphas: Sequence[float]) -> str:
    return f"{min(alphas):g} to {max(alphas):g}"


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


def describe_prediction(alphas: Sequence[Arm], scans: Scans) -> list[Sentence]:
    """Say for each model whether synthetic test scans predict how it does on real ones."""
    found = {
        entry["alpha"]: _read_equivalence(entry["trust"]["equivalence"], entry["trust"]["cases"])
        for entry in alphas
    }
    say = partial(_describe_twins, scans=scans)
    return _merge(found, "prediction", scans.wording, say)


def _read_equivalence(found: Equivalence, cases: int) -> Found:
    kinds: dict[str, Kind] = {
        region: {"equivalent": "equivalent", "different": "different"}.get(  # type: ignore[misc]
            each["verdict"], "undecided"
        )
        for region, each in found["regions"].items()
    }
    reasons = {region: [each["reason"]] for region, each in found["regions"].items()}
    return Found(tuple(kinds.items()), reasons, cases, found["margin"])


def _describe_twins(models: Models, found: Found, scans: Scans) -> str:
    margin = f"(margin {found.margin:g})"
    twins = f"the synthetic twins of {scans.counted(found.cases)}"
    decided = found.name_decided(TWINS)
    if not decided:
        where = f"For {models.named}, it is undecided"
        if models.every:
            span = _format_span(models.alphas)
            where = f"At none of the {models.judged} α ({span}) can it be decided"
        return (
            f"{where} whether {twins} predict performance on the scans themselves {margin}: "
            f"{_explain_undecided(found.undecided)}."
        )
    (first, regions), *others = decided
    outcome, meaning = TWINS[first]
    said = (
        f"For {models.named}, Dice on {twins} was {outcome} Dice on the scans themselves for "
        f"{regions} {margin}: there, synthetic scans {meaning} performance on {scans.real} ones"
    )
    return said + _close_sentence(others, found.undecided)


def describe_limits(results: ShownResults, scans: Scans) -> list[str]:
    """Say what these numbers of scans, trainings and mixes cannot show."""
    first = results["alphas"][0]
    cases = first["trust"]["cases"]
    seeds = min(len(entry["seeds"]) for entry in results["alphas"])
    said = []
    if all(entry["versus_real"] is None for entry in results["alphas"]):
        said.append(
            f"No mix was compared with a model trained on {scans.real} data alone (α = 1), so "
            "nothing is said about clinical performance."
        )
    if cases < MIN_VERDICT_CASES:
        said.append(
            f"With {scans.counted(cases)} nothing can be called equivalent or not worse: that "
            f"takes at least {MIN_VERDICT_CASES}."
        )
    said += _describe_trainings(seeds, len(results["alphas"]))
    said.append(
        "Undecided means that these scans cannot tell, and not that there is no difference."
    )
    return said


def _describe_trainings(seeds: int, alphas: int) -> list[str]:
    """Say what one or two trainings of each mix leave open, by what was asked for."""
    if seeds > 2:
        return []
    said = (
        "Each model was trained once. What is said holds for these trained models; another "
        "training may come out differently, and by how much was not measured."
        if seeds == 1
        else "Each model was trained twice, so training noise is measured roughly."
    )
    trend = (
        f"A trend over α rests on the rank test of Kendall over the {alphas} α alone."
        if alphas >= MIN_ALPHAS
        else f"A trend over α is not claimed: it takes three trainings, or {MIN_ALPHAS} α."
    )
    return [f"{said} {trend}"]


def describe_share(alpha: float, wording: Wording) -> str:
    """Say what a model was trained with, by its share of images that no generator drew."""
    return wording.adapt(SHARES.get(alpha, f"{100 * (1 - alpha):.3g}% synthetic data"))


def join_words(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _group_by_kind(kinds: Mapping[str, Kind], order: Iterable[Kind]) -> list[tuple[Kind, str]]:
    named = [
        (kind, _name_regions(r for r, found in kinds.items() if found == kind)) for kind in order
    ]
    return [(kind, regions) for kind, regions in named if regions]


def _close_sentence(
    others: Sequence[tuple[Kind, str]], unknown: Mapping[str, str], *, plural: bool = False
) -> str:
    """Close a sentence: the other findings, then what is undecided and why."""
    was = "they were" if plural else "it was"
    clauses = [f"{was} {ALONE[kind]} for {regions}" for kind, regions in others]
    clauses += [f"for {regions} this is undecided ({why})" for why, regions in unknown.items()]
    return "".join(f"; {clause}" for clause in clauses) + "."


def _collect_undecided(
    kinds: Mapping[str, Kind], reasons: Mapping[str, Sequence[str | None]]
) -> dict[str, str]:
    """Collect the undecided regions by the reason why they are."""
    whys = {
        region: _say_reason(reasons[region])
        for region, kind in kinds.items()
        if kind == "undecided"
    }
    return {why: _name_regions(r for r, own in whys.items() if own == why) for why in whys.values()}


def _say_reason(several: Sequence[str | None]) -> str:
    said = {REASONS.get(why, str(why)) for why in several}
    return said.pop() if len(said) == 1 else REASON_DIFFERS


def _explain_undecided(unknown: Mapping[str, str]) -> str:
    """Say why nothing is decided; regions are named where their reasons differ."""
    if len(unknown) == 1:
        return next(iter(unknown))
    return "; ".join(f"for {regions}, {why}" for why, regions in unknown.items())


def _name_regions(regions: Iterable[str]) -> str:
    return join_words([REGION_NAMES.get(region, region) for region in regions])
