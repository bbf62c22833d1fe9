"""The answer of `POST /trust-score` as one page that prints: the same numbers, the same digest.

The page is `templates/trust_page.html`. Every number stands in a `<data>` element whose `value` is
the number of the JSON; the text shows it to three digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syntrust_metrics.html import render
from syntrust_metrics.trust.interval_plot import IntervalPlot, Mark, plot_intervals
from syntrust_metrics.trust.schema.answer import Equivalence, TrustAnswer

Body = Mapping[str, Any]
PARTS: Final = {
    "s0": "mean Dice on the weaker test set",
    "s1": "closeness of mean Dice on both test sets",
    "s2": "consistency over cases",
    "s3": "agreement case by case (Lin's concordance)",
    "s4": "smallness of the difference case by case (T4)",
    "s5": "closeness of the coefficient of variation (T5) on both test sets",
}
VERDICTS: Final = {
    "equivalent": "equivalent",
    "different": "different",
    "inconclusive": "undecided",
}


SEEDS_NOT_HELD: Final = (
    "Intervals of T2, T3, T5 and the score hold the cases alone and not the spread over trainings "
    "that stands beside them: this answer was computed by an earlier release."
)


def render_trust_page(answer: TrustAnswer) -> str:
    """Write the page of one answer of `score_cases`.

    Parameters
    ----------
    answer : mapping
        The body as `POST /trust-score` gives it.

    Returns
    -------
    str
        A whole HTML document without scripts, images or links to elsewhere.
    """
    return render(
        "trust_page.html",
        answer=answer,
        parts=PARTS,
        notes=[each["detail"] for each in answer["warnings"]] + _list_old_limits(answer),
        verdicts=VERDICTS,
        differences=_plot_differences(answer["equivalence"]),
        disparities=_plot_disparities(answer["factors"]["t4"], answer["companions"]["t4"]),
    )


def _list_old_limits(answer: TrustAnswer) -> list[str]:
    """Say what answers of `rajababu2025/1` do not hold: trainings, where there are several."""
    held = answer["definition"] != "rajababu2025/1"
    alone = answer["factors"]["t2"]["real"]["seed_sd"] is None
    return [] if held or alone else [SEEDS_NOT_HELD]


def _plot_differences(equivalence: Equivalence) -> IntervalPlot:
    """Real minus synthetic Dice of each region and of all of them, with the margin as a band."""
    tests = [*equivalence["regions"].items(), ("all regions", equivalence["overall"])]
    marks = [
        Mark(name, test["difference"], test["ci90"], note=VERDICTS[test["verdict"]])
        for name, test in tests
    ]
    margin = equivalence["margin"]
    return plot_intervals(marks, band=(-margin, margin), zero=True)


def _plot_disparities(factor: Body, companion: Body) -> IntervalPlot:
    """T4 of each region with what it would be if pairing meant nothing."""
    return plot_intervals(
        [
            Mark(region, estimate["value"], estimate["ci"], companion[region]["shuffled"])
            for region, estimate in factor.items()
        ]
    )
