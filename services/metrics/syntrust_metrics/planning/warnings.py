"""What a reader of a plan must know, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syntrust_metrics.planning.design import Target
from syntrust_metrics.planning.schema import PlanWarning
from syntrust_metrics.planning.sources import Source
from syntrust_metrics.trust.inference.margin_tests import MIN_VERDICT_CASES
from syntrust_metrics.trust.inference.recommendation_bounds import fewest_cases
from syntrust_metrics.trust.inference.trend import MIN_SEEDS

FEW_MEASURED_SEEDS: Final = 10
FEW_MEASURED_CASES: Final = 30


def collect_warnings(target: Target, cases: int, seeds: int, source: Source) -> list[PlanWarning]:
    """Collect what to know of a design of `cases` and `seeds`, and of where its spread is from."""
    return [*_of_design(cases, seeds), *_of_question(target), *_of_source(source)]


def _of_design(cases: int, seeds: int) -> Iterator[PlanWarning]:
    if cases < MIN_VERDICT_CASES:
        yield {
            "code": "few_cases",
            "detail": f"With fewer than {MIN_VERDICT_CASES} test cases an experiment never finds a "
            "share not worse, or both test sets equivalent, whatever the power of the test.",
        }
    if seeds < MIN_SEEDS:
        yield {
            "code": "few_seeds",
            "detail": f"With fewer than {MIN_SEEDS} training seeds the answer is about the "
            "models at hand: another training may give another answer.",
        }


def _of_question(target: Target) -> Iterator[PlanWarning]:
    if target.question == "non_inferiority":
        yield {
            "code": "recommendation_takes_more",
            "detail": "This is the power of the test of one share. A recommendation asks for more: "
            "it guards against failures too rare to be seen, and takes at least "
            f"{fewest_cases(target.margin)} test cases at a margin of {target.margin:g}.",
        }


def _of_source(source: Source) -> Iterator[PlanWarning]:
    if source.correlation is not None:
        yield {
            "code": "assumed_correlation",
            "detail": "The spread of differences rests on an assumed correlation of two models' "
            "Dice. Measure it on a pilot of your own before you rely on the plan.",
        }
    spreads = [each for found in source.regions.values() for each in found]
    if any(each.spread.seed_sd is None for each in spreads):
        yield {
            "code": "seeds_not_measured",
            "detail": "The spread between trainings was not measured and counts as 0, so the true "
            "power is lower and more cases are needed.",
        }
    elif source.seeds is not None and source.seeds < FEW_MEASURED_SEEDS:
        yield {
            "code": "few_measured_seeds",
            "detail": f"The spread between trainings was measured on {source.seeds} seeds alone "
            "and may be far larger, also where it is given as 0.",
        }
    if source.cases is not None and source.cases < FEW_MEASURED_CASES:
        yield {
            "code": "few_measured_cases",
            "detail": f"The spread was measured on {source.cases} cases alone: the number of cases "
            "that it asks for may be wrong by half or more.",
        }
