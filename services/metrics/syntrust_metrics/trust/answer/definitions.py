"""The definitions as data, for people and programs: what `GET /trust-factors` gives.

One entry per quantity of an answer. `path` is where it stands in it, with {side} and {region} for
the names; `direction` is `higher is better`, `lower is better` or null where neither is. Text is
short and plain; the reasoning is in the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syntrust_metrics.trust.estimation.composite_score import SCORE_DEFINITION
from syntrust_metrics.trust.inference.margin_tests import (
    IMAGINED_FAILURES,
    LEVEL,
    MIN_VERDICT_CASES,
)
from syntrust_metrics.trust.request.policy import Policy
from syntrust_metrics.trust.request.rows import MAX_REGIONS
from syntrust_metrics.trust.request.table import (
    MAX_CASES,
    MAX_DRAWS,
    MAX_GROUPS,
    MAX_RESAMPLED,
    MAX_SEEDS,
)
from syntrust_metrics.trust.schema.answer import Definition, ScorePart
from syntrust_metrics.trust.schema.definitions import (
    CompanionName,
    Direction,
    EquivalenceDefinition,
    FactorName,
    QuantityDefinition,
    ScoreFormula,
    TrustDefinitions,
)

DEFINITION: Final[Definition] = "rajababu2025/2"
PERCENTILE: Final = "percentile of the bootstrap"
HIGHER: Final = "higher is better"
LOWER: Final = "lower is better"
PAPER: Final = (
    "Raja Babu et al., Position Paper: Building Trust in Synthetic Data, arXiv 2502.02076"
)
LIN: Final = "Lin, Biometrics 45, 1989, doi:10.2307/2532051"
BLAND: Final = "Bland and Altman, Lancet 327, 1986, doi:10.1016/S0140-6736(86)90837-8"
SCHUIRMANN: Final = "Schuirmann, J Pharmacokinet Biopharm 15, 1987, doi:10.1007/BF01068419"
HOLM: Final = "Holm, Scandinavian Journal of Statistics 6, 1979"


@dataclass(frozen=True)
class Entry:
    """One quantity of an answer. An open end of its range is null."""

    name: str
    path: str
    formula: str
    range: tuple[float | None, float | None]
    direction: Direction | None
    undefined_when: str
    citation: str | None
    interval: str | None = None

    def as_body(self) -> QuantityDefinition:
        return {
            "name": self.name,
            "path": self.path,
            "formula": self.formula,
            "range": list(self.range),
            "direction": self.direction,
            "undefined_when": self.undefined_when,
            "interval": self.interval,
            "citation": self.citation,
        }


FACTORS: Final[Mapping[FactorName, Entry]] = {
    "t1": Entry(
        "mean Dice",
        "factors.t1.{side}",
        "mean over cases of the case's mean over its regions",
        (0, 1),
        HIGHER,
        "no case",
        f"{PAPER}, eq. 6",
        "bootstrap-t; open below at 0",
    ),
    "t2": Entry(
        "consistency over cases",
        "factors.t2.{side}",
        "1 - std over cases of the case's mean over its regions",
        (0.5, 1),
        HIGHER,
        "no case, or one case at ddof 1",
        f"{PAPER}, eq. 7 as printed",
        "bootstrap-t of log(1 - T2); open below at 0.5",
    ),
    "t3": Entry(
        "cosine similarity",
        "factors.t3.{region}",
        "<R, S> / (|R| |S|) of the Dice vectors over cases",
        (0, 1),
        HIGHER,
        "every Dice of a side is 0",
        f"{PAPER}, eq. 8",
        "bootstrap-t, of log(1 - T3) below 30 cases; open below at 0",
    ),
    "t4": Entry(
        "mean absolute difference",
        "factors.t4.{region}",
        "mean over cases of |R - S|",
        (0, 1),
        LOWER,
        "no pair",
        f"{PAPER}, eq. 9",
        "bootstrap-t; open above at 1",
    ),
    "t5": Entry(
        "coefficient of variation",
        "factors.t5.{side}.{region}",
        "std over cases / mean over cases of Dice",
        (0, None),
        LOWER,
        "the mean Dice is 0, or one case at ddof 1",
        f"{PAPER}, eq. 10",
        "bootstrap-t of log T5; at most sqrt((1 - m) / m), m the lower t limit of the mean; open "
        "above from sqrt(M - 1) on",
    ),
}

COMPANIONS: Final[Mapping[CompanionName, Entry]] = {
    "t2_regions": Entry(
        "consistency over regions",
        "companions.t2_regions.{side}",
        "1 - std over regions of their mean Dice over cases",
        (0.5, 1),
        HIGHER,
        "a region without a pair",
        None,
        "the value ± the 95 % quantile of the spread of the shifts of the means; open below at 0.5",
    ),
    "t2_within": Entry(
        "consistency within cases",
        "companions.t2_within.{side}",
        "1 - mean over cases of the std over the case's regions",
        (0.5, 1),
        HIGHER,
        "no case",
        None,
        PERCENTILE,
    ),
    "correlation": Entry(
        "Pearson's correlation",
        "companions.t3.{region}.correlation",
        "cov(R, S) / (sd R sd S)",
        (-1, 1),
        HIGHER,
        "a side has no spread",
        None,
        PERCENTILE,
    ),
    "concordance": Entry(
        "Lin's concordance",
        "companions.t3.{region}.concordance",
        "2 cov(R, S) / (var R + var S + (mean R - mean S)^2); without spread 1 if equal, else 0",
        (-1, 1),
        HIGHER,
        "no pair",
        LIN,
        PERCENTILE,
    ),
    "t3_shuffled": Entry(
        "T3 if pairing meant nothing",
        "companions.t3.{region}.shuffled",
        "1 / sqrt((1 + CV_R^2) (1 + CV_S^2))",
        (0, 1),
        None,
        "the mean Dice of a side is 0",
        None,
    ),
    "bias": Entry(
        "signed bias",
        "companions.t4.{region}.bias",
        "mean over cases of R - S",
        (-1, 1),
        None,
        "no pair",
        BLAND,
        PERCENTILE,
    ),
    "limits": Entry(
        "limits of agreement",
        "companions.t4.{region}.limits",
        "bias ± 1.96 std over cases of R - S",
        (None, None),
        None,
        "no pair, or one at ddof 1",
        BLAND,
    ),
    "t4_shuffled": Entry(
        "T4 if pairing meant nothing",
        "companions.t4.{region}.shuffled",
        "mean of |R_i - S_j| over all i and j",
        (0, 1),
        None,
        "no pair",
        None,
    ),
    "mean": Entry(
        "mean Dice of a region",
        "companions.t5.{side}.{region}.mean",
        "mean over cases",
        (0, 1),
        HIGHER,
        "no case",
        None,
    ),
    "sd": Entry(
        "standard deviation of a region",
        "companions.t5.{side}.{region}.sd",
        "std over cases",
        (0, None),
        LOWER,
        "no case, or one case at ddof 1",
        None,
    ),
    "iqr": Entry(
        "interquartile range of a region",
        "companions.t5.{side}.{region}.iqr",
        "upper - lower quartile over cases, linear between order statistics",
        (0, 1),
        LOWER,
        "no case",
        None,
    ),
}

SCORE_PARTS: Final[Mapping[ScorePart, str]] = {
    "s0": "min(T1_R, T1_S)",
    "s1": "max(0, 1 - |T1_R - T1_S| / 0.2)",
    "s2": "2 min(T2_R, T2_S) - 1, clipped to [0, 1]",
    "s3": "mean over regions of max(0, Lin's concordance)",
    "s4": "max(0, 1 - mean over regions of T4 / 0.5)",
    "s5": "1 - min(1, mean over regions of |T5_R - T5_S|)",
}


def list_definitions() -> TrustDefinitions:
    """List everything that an answer holds, as data: `GET /trust-factors`."""
    return {
        "definition": DEFINITION,
        "factors": {key: entry.as_body() for key, entry in FACTORS.items()},
        "companions": {key: entry.as_body() for key, entry in COMPANIONS.items()},
        "equivalence": _describe_equivalence(),
        "score": _describe_score(),
        "empty_regions": {
            "null": "reference and prediction are both empty, so Dice has no value",
            "brats": "null counts as 1",
            "drop": "the region of a case is left out of both sides if either is null",
            "zero": "null counts as 0; for sensitivity analysis only",
        },
        "policy": Policy().as_body(),
        "limits": {
            "cases": MAX_CASES,
            "regions": MAX_REGIONS,
            "seeds": MAX_SEEDS,
            "groups": MAX_GROUPS,
            "cases_x_resamples": MAX_DRAWS,
            "seeds_x_regions_x_resamples": MAX_RESAMPLED,
        },
    }


def _describe_equivalence() -> EquivalenceDefinition:
    return {
        "path": "equivalence.regions.{region}",
        "formula": (
            f"two one-sided paired t tests of mean(R - S) against ±margin at {LEVEL}, adjusted by "
            "Holm over regions; `p` and `ci90` are unadjusted"
        ),
        "verdicts": {
            "equivalent": "the 90 % interval lies inside the margin and the adjusted p is below "
            f"{LEVEL}",
            "different": "the interval lies wholly outside on one side, likewise adjusted",
            "inconclusive": "neither; not a finding of no difference",
        },
        "undefined_when": "fewer than 10 cases",
        "withheld_when": (
            f"fewer than {MIN_VERDICT_CASES} cases, or {IMAGINED_FAILURES} more differences of the "
            "largest seen size would move the interval outside the margin (rare large failures)"
        ),
        "overall": "of the case's mean over regions, alone",
        "every_region": (
            "equivalent if every region is at its unadjusted p; different if every region is; not "
            "every region if those of different_regions are different and not all"
        ),
        "citation": f"{SCHUIRMANN}; {HOLM}",
    }


def _describe_score() -> ScoreFormula:
    return {
        "definition": SCORE_DEFINITION,
        "path": "score.value",
        "formula": "100 (s0 s1 s2 s3 s4 s5)^(1/6)",
        "range": [0, 100],
        "direction": HIGHER,
        "undefined_when": "a part is undefined",
        "parts": {
            name: {"path": f"score.parts.{name}", "formula": formula, "range": [0, 1]}
            for name, formula in SCORE_PARTS.items()
        },
        "citation": None,
    }
