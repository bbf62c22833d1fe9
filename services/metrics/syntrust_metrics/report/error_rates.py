"""How often the sentences of a report err, as simulated: one table, which the documentation holds.

Rates are in percent of simulated studies. `docs/metrics.md` has the tables that they are from, and
names the benchmark that computes each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from syntrust_metrics.report.cells import Cell, Row, Table, Topic, name_error_rate
from syntrust_metrics.trust.schema.definitions import FactorName

Estimated = FactorName | Literal["score"]


@dataclass(frozen=True)
class SimulatedRates:
    """Rates in percent; of several cells of a table the worst, or the lowest and the highest."""

    harmful_share: float
    harmful_if_trainings_fail: tuple[int, int]
    equivalent: Mapping[int, float]
    """By test cases; where a few cases fail on one side alone, it is `equivalent_if_rare`."""
    equivalent_if_rare: float
    different: Mapping[int, float]
    """By test cases."""
    trend: float
    trend_of_one_training: float
    trend_along_alpha: float
    trend_of_cases: tuple[float, float]
    lowest: float
    meeting_held: tuple[int, int]
    """How often the interval of the meeting holds the true one."""
    meeting_not_there: int
    claim_held: float
    """How often a claim is said to hold where all is alike, and it does not."""
    claim_failed: float
    """How often one is said to fail there, although the opposite is not true either."""
    coverage: Mapping[int, Mapping[Estimated, tuple[int, int]]]
    """How often 95 % intervals hold the true value, by test cases."""


@dataclass(frozen=True)
class ErrorRate:
    """A row of the report: which sentences, how often they err, from which simulation."""

    topic: Topic
    about: str
    said: str
    simulated: str
    document: str
    section: str


RATES: Final = SimulatedRates(
    harmful_share=2.1,
    harmful_if_trainings_fail=(59, 74),
    equivalent=MappingProxyType({60: 0.9, 251: 1.3}),
    equivalent_if_rare=13.2,
    different=MappingProxyType({60: 8.0, 251: 6.2}),
    trend=5.7,
    trend_of_one_training=4.4,
    trend_along_alpha=27.4,
    trend_of_cases=(16.4, 43.2),
    lowest=0.0,
    meeting_held=(94, 96),
    meeting_not_there=25,
    claim_held=0.0,
    claim_failed=21.4,
    coverage=MappingProxyType(
        {
            12: {
                "t1": (92, 96),
                "t2": (83, 94),
                "t3": (74, 96),
                "t4": (87, 99),
                "t5": (67, 93),
                "score": (53, 89),
            },
            30: {
                "t1": (94, 96),
                "t2": (87, 95),
                "t3": (73, 97),
                "t4": (84, 97),
                "t5": (74, 94),
                "score": (71, 93),
            },
            60: {
                "t1": (94, 96),
                "t2": (87, 95),
                "t3": (89, 96),
                "t4": (91, 96),
                "t5": (80, 96),
                "score": (77, 95),
            },
            251: {
                "t1": (95, 95),
                "t2": (94, 95),
                "t3": (94, 96),
                "t4": (95, 96),
                "t5": (94, 95),
                "score": (82, 95),
            },
        }
    ),
)


def list_error_rates(cases: int) -> list[ErrorRate]:
    """List every kind of sentence of a report on so many test cases."""
    return [
        _rate_recommendation(),
        _rate_verdicts(),
        _rate_intervals(cases),
        _rate_trends(),
        _rate_lowest(),
        _rate_meeting(),
        _rate_claims(),
        _rate_memorisation(),
    ]


def build_error_table(cases: int) -> Table:
    """Build the table that the sentences of a report point into."""
    head = ["sentences", "how often they err", "from", "in the documentation"]
    rows: list[Row] = [
        [
            Cell(each.about, anchor=name_error_rate(each.topic)),
            each.said,
            each.simulated,
            f"docs/{each.document}, section “{each.section}”",
        ]
        for each in list_error_rates(cases)
    ]
    return Table(head, rows, kind="claims")


def _rate_recommendation() -> ErrorRate:
    low, high = RATES.harmful_if_trainings_fail
    return ErrorRate(
        "recommendation",
        "Which share is recommended",
        f"A share that does harm is recommended in at most {RATES.harmful_share:g}% of studies. "
        f"Where one training in ten fails and the others lose nothing, it is in {low} to {high}%: "
        "so few trainings can miss that.",
        "2000 studies for each of six kinds of differences, 60 and 251 cases, 3 and 5 trainings",
        "metrics.md",
        "The recommendation",
    )


def _rate_verdicts() -> ErrorRate:
    same, other = RATES.equivalent, RATES.different
    return ErrorRate(
        "verdict",
        "Better, equivalent, not worse, worse, different",
        "Where the true difference is the margin, “equivalent” or “not worse” is said in at most "
        f"{same[60]:g}% of studies of 60 cases and {same[251]:g}% of 251, but in "
        f"{RATES.equivalent_if_rare:g}% of 60 where one case in thirty fails. “Different”, "
        f"“better” or “worse” is said in at most {other[60]:g}% and {other[251]:g}%.",
        "4000 studies for each of seven kinds of differences, one region, 60 and 251 cases",
        "metrics.md",
        "Equivalence",
    )


def _rate_intervals(cases: int) -> ErrorRate:
    size = max((each for each in RATES.coverage if each <= cases), default=min(RATES.coverage))
    found = ", ".join(
        f"{name.upper() if name != 'score' else 'of the score'} {low} to {high}%"
        for name, (low, high) in RATES.coverage[size].items()
    )
    return ErrorRate(
        "interval",
        "Intervals of factors and of the score",
        f"Of {size} cases, 95% intervals hold the true value in: {found}.",
        "2000 tables for each of up to five kinds of scores; lowest and highest of them",
        "metrics.md",
        "Intervals",
    )


def _rate_trends() -> ErrorRate:
    low, high = RATES.trend_of_cases
    return ErrorRate(
        "trend",
        "A factor rises or falls over α",
        f"From three trainings on, a trend that is not there is found in at most {RATES.trend:g}% "
        f"of studies; with one training in at most {RATES.trend_of_one_training:g}%, but in up to "
        f"{RATES.trend_along_alpha:g}% where neighbouring α share their noise. A trend is one of "
        f"these test cases: where only they have it, it is found in {low:g} to {high:g}%.",
        "2000 studies for each of five kinds of noise, 5 and 11 α, 1, 3 and 5 trainings",
        "metrics.md",
        "Over α",
    )


def _rate_lowest() -> ErrorRate:
    return ErrorRate(
        "lowest",
        "The α at which T4 is lowest",
        f"An α is called lowest although all are alike in {RATES.lowest:.1f}% of studies. Where "
        "one is lowest, three trainings hardly ever show it.",
        "2000 studies for each of five kinds of noise, 5 and 11 α, 1, 3 and 5 trainings",
        "metrics.md",
        "Over α",
    )


def _rate_meeting() -> ErrorRate:
    low, high = RATES.meeting_held
    return ErrorRate(
        "meeting",
        "The α where T1 of both test sets meet",
        f"Its 95% interval holds the true α in {low} to {high}% of studies. Where they meet at no "
        f"single α, one is named in up to {RATES.meeting_not_there}% of studies.",
        "2000 studies of 60 cases for each of three curves, 5 α, 1 and 3 trainings",
        "metrics.md",
        "Over α",
    )


def _rate_claims() -> ErrorRate:
    return ErrorRate(
        "claims",
        "A claim of the paper holds, or fails",
        "Where all regions, test sets and α are alike, a claim of an order or of a trend is said "
        f"to hold in at most {RATES.claim_held:.1f}% of studies, and to fail in up to "
        f"{RATES.claim_failed:g}%: one of its many comparisons shows the opposite by chance.",
        "500 studies of 60 cases, 5 α, 3 trainings",
        "metrics.md",
        "Over α",
    )


def _rate_memorisation() -> ErrorRate:
    return ErrorRate(
        "twins",
        "Twins resemble cases that the generator has seen",
        "Said of at most 5% of generators that repeat nothing. That is by construction and was not "
        "simulated.",
        "permutation tests, adjusted by Holm",
        "measures.md",
        "A twin",
    )
