"""The verdict in words: given what the tests found, the exact sentence."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.metrics.as_json import build_results
from tests.unit.metrics.one_alpha import describe_equivalence, describe_versus_real

from syntrust_metrics.experiment.wording import PATIENTS, PHANTOMS, UNRECORDED, Wording
from syntrust_metrics.report.verdicts import (
    Scans,
    describe_limits,
    describe_performance,
    describe_prediction,
    describe_share,
    judge_against_real,
)

Maker = Callable[..., Any]
REAL = Scans(PATIENTS)
FEW = "fewer than 50 cases"


def region(not_worse: str, same: str, difference: float = 0.0, why: str | None = None) -> Any:
    test = {"p": 0.01, "power": 0.9, "reason": why}
    return {
        "difference": difference,
        "ci90": [difference - 0.01, difference + 0.01],
        "non_inferiority": {"verdict": not_worse, **test},
        "equivalence": {"verdict": same, **test},
    }


EQUAL = region("non-inferior", "equivalent")
NOT_WORSE = region("non-inferior", "inconclusive", 0.02)
BETTER = region("non-inferior", "different", 0.1)
WORSE = region("inferior", "different", -0.1)
OPEN = region("inconclusive", "inconclusive")


def versus(cases: int = 251, margin: float = 0.03, **regions: Any) -> Any:
    return {"margin": margin, "cases": cases, "regions": regions}


@pytest.mark.parametrize(
    ("alpha", "found", "sentence"),
    [
        (
            0.5,
            versus(ED=NOT_WORSE, NCR=OPEN),
            (
                "On 251 held-out real scans, the model trained with half synthetic data was not "
                "worse than the one trained on real data alone for oedema (margin 0.03); for "
                "necrotic and non-enhancing core this is undecided (the difference may lie on "
                "either side of the "
                "margin)."
            ),
        ),
        (
            0.0,
            versus(ED=EQUAL, ET=EQUAL, NCR=EQUAL),
            (
                "On 251 held-out real scans, the model trained with synthetic data alone was "
                "equivalent to the one trained on real data alone for oedema, enhancing tumour and "
                "necrotic and non-enhancing core (margin 0.03)."
            ),
        ),
        (
            0.3,
            versus(ED=EQUAL, ET=NOT_WORSE, NCR=WORSE),
            (
                "On 251 held-out real scans, the model trained with 70% synthetic data was "
                "equivalent to the one trained on real data alone for oedema (margin 0.03); it was "
                "not worse for enhancing tumour; it was worse for necrotic and non-enhancing core."
            ),
        ),
        (
            0.75,
            versus(margin=0.05, ED=BETTER, ET=WORSE, NCR=OPEN),
            (
                "On 251 held-out real scans, the model trained with a quarter synthetic data was "
                "better than the one trained on real data alone for oedema (margin 0.05); it was "
                "worse for enhancing tumour; for necrotic and non-enhancing core this is "
                "undecided (the difference "
                "may lie on either side of the margin)."
            ),
        ),
        (
            0.5,
            versus(cases=24, ED=region("inconclusive", "inconclusive", why=FEW), ET=OPEN),
            (
                "On 24 held-out real scans it is undecided whether the model trained with half "
                "synthetic data is worse than the one trained on real data alone (margin 0.03): "
                "for oedema, fewer than 50 scans cannot show it; for enhancing tumour, the "
                "difference may lie on either side of the margin."
            ),
        ),
        (
            0.5,
            versus(cases=1, ED=region("inconclusive", "inconclusive", why="fewer than 10 cases")),
            (
                "On 1 held-out real scan it is undecided whether the model trained with half "
                "synthetic data is worse than the one trained on real data alone (margin 0.03): "
                "fewer than 10 scans allow no test."
            ),
        ),
        (
            0.25,
            versus(
                ED=EQUAL,
                ET=region("inconclusive", "inconclusive", why="rare large failures"),
                NCR=region("inconclusive", "inconclusive", why="not after Holm's adjustment"),
            ),
            (
                "On 251 held-out real scans, the model trained with three quarters synthetic data "
                "was equivalent to the one trained on real data alone for oedema (margin 0.03); "
                "for enhancing tumour this is undecided (three more failures of the largest size "
                "seen would overturn it); for necrotic and non-enhancing core this is undecided "
                "(it holds for the "
                "region alone, not among all regions)."
            ),
        ),
        (
            0.5,
            versus(TC=EQUAL, WT=WORSE),
            (
                "On 251 held-out real scans, the model trained with half synthetic data was "
                "equivalent to the one trained on real data alone for tumour core (margin 0.03); "
                "it was worse for whole tumour."
            ),
        ),
    ],
)
def test_a_mix_is_judged_in_these_words(alpha: float, found: Any, sentence: str) -> None:
    assert describe_versus_real(alpha, found, REAL) == sentence


def side(verdict: str, why: str | None = None) -> Any:
    return {"verdict": verdict, "reason": why}


@pytest.mark.parametrize(
    ("regions", "sentence"),
    [
        (
            {"ED": side("equivalent"), "ET": side("different"), "NCR": side("inconclusive", FEW)},
            (
                "For the model trained with real data alone, Dice on the synthetic twins of 251 "
                "held-out real scans was equivalent to Dice on the scans themselves for oedema "
                "(margin 0.03): there, synthetic scans predict performance on real ones; it was "
                "different for enhancing tumour; for necrotic and non-enhancing core this is "
                "undecided (fewer than "
                "50 scans cannot show it)."
            ),
        ),
        (
            {"ED": side("different"), "NCR": side("inconclusive")},
            (
                "For the model trained with real data alone, Dice on the synthetic twins of 251 "
                "held-out real scans was different from Dice on the scans themselves for oedema "
                "(margin 0.03): there, synthetic scans do not predict performance on real ones; "
                "for necrotic and non-enhancing core this is undecided (the difference may lie on "
                "either side of the "
                "margin)."
            ),
        ),
        (
            {"ED": side("inconclusive", FEW)},
            (
                "For the model trained with real data alone, it is undecided whether the synthetic "
                "twins of 251 held-out real scans predict performance on the scans themselves "
                "(margin 0.03): fewer than 50 scans cannot show it."
            ),
        ),
    ],
)
def test_synthetic_test_scans_are_judged_in_these_words(regions: Any, sentence: str) -> None:
    found: Any = {"margin": 0.03, "regions": regions}

    assert describe_equivalence(1.0, found, 251, REAL) == sentence


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (EQUAL, "equivalent"),
        (NOT_WORSE, "not worse"),
        (BETTER, "better"),
        (WORSE, "worse"),
        (OPEN, "undecided"),
        # Below 50 cases a difference can be shown, and never its absence.
        (region("inconclusive", "different", 0.1, FEW), "better"),
        (region("inferior", "inconclusive", -0.05), "worse"),
    ],
)
def test_the_stronger_finding_of_both_tests_counts(found: Any, kind: str) -> None:
    assert judge_against_real(found) == kind


def test_nothing_but_the_tests_reaches_a_sentence_about_performance() -> None:
    """Intervals that overlap, hold 0 or lie far apart change no word."""
    regions = {"ED": NOT_WORSE, "ET": OPEN, "NCR": WORSE}
    moved = {
        name: {**found, "difference": found["difference"] * 3, "ci90": [-1.0, 1.0]}
        for name, found in regions.items()
    }

    said = [describe_versus_real(0.5, versus(**each), REAL) for each in (regions, moved)]

    assert said[0] == said[1]


def test_every_mix_but_real_data_alone_has_a_sentence(experiment: Maker) -> None:
    made = experiment(test=60)
    results = build_results(made.request, made.scores)

    said = describe_performance(results["alphas"], REAL)

    assert [link.label for each in said for link in each.evidence] == ["α = 0", "α = 0.5"]
    predicted = describe_prediction(results["alphas"], REAL)
    assert [link.label for each in predicted for link in each.evidence] == [
        "α = 0",
        "α = 0.5",
        "α = 1",
    ]


def test_without_a_model_of_real_data_nothing_is_said_about_performance(
    experiment: Maker,
) -> None:
    made = experiment(alphas=("0", "0.5"))
    results = build_results(made.request, made.scores)

    assert describe_performance(results["alphas"], REAL) == []
    assert describe_limits(results, REAL)[0] == (
        "No mix was compared with a model trained on real data alone (α = 1), so nothing is said "
        "about clinical performance."
    )


def test_few_scans_and_one_training_are_said_to_forbid_what_they_forbid(
    experiment: Maker,
) -> None:
    few, many = experiment(test=24), experiment(test=60, seeds=(0, 1, 2))
    said = [describe_limits(build_results(made.request, made.scores), REAL) for made in (few, many)]

    undecided = "Undecided means that these scans cannot tell, and not that there is no difference."
    assert said[0] == [
        (
            "With 24 held-out real scans nothing can be called equivalent or not worse: that takes "
            "at least 50."
        ),
        (
            "Each model was trained once. What is said holds for these trained models; another "
            "training may come out differently, and by how much was not measured. A trend over α "
            "is not claimed: it takes three trainings, or 5 α."
        ),
        undecided,
    ]
    assert said[1] == [undecided]


@pytest.mark.parametrize("cases", [12, 49])
def test_fewer_than_50_scans_are_never_called_equivalent_or_not_worse(
    cases: int, experiment: Maker
) -> None:
    made = experiment(test=cases, seeds=(0, 1))
    for run in made.request.runs:  # as equal as can be
        made.scores[run.score_synthetic] = made.scores[made.request.runs[0].score_real]
        made.scores[run.score_real] = made.scores[made.request.runs[0].score_real]
    results = build_results(made.request, made.scores)

    said = " ".join(
        sentence.text
        for sentence in (
            *describe_performance(results["alphas"], REAL),
            *describe_prediction(results["alphas"], REAL),
        )
    )

    assert "undecided" in said
    assert "equivalent" not in said
    assert "not worse" not in said


@pytest.mark.parametrize(
    ("wording", "scans"),
    [(PHANTOMS, "251 held-out phantom scans"), (UNRECORDED, "251 held-out scans")],
)
def test_scans_that_are_not_known_to_be_of_patients_are_not_called_real(
    wording: Wording, scans: str
) -> None:
    said = describe_versus_real(0.5, versus(ED=EQUAL), Scans(wording))

    assert said == (
        f"On {scans}, the model trained with half synthetic data was equivalent to the one "
        "trained on reference data alone for oedema (margin 0.03)."
    )


@pytest.mark.parametrize(
    ("alpha", "wording", "words"),
    [
        (1.0, PATIENTS, "real data alone"),
        (1.0, PHANTOMS, "reference data alone"),
        (1 / 3, PATIENTS, "66.7% synthetic data"),
    ],
)
def test_a_share_is_named(alpha: float, wording: Wording, words: str) -> None:
    assert describe_share(alpha, wording) == words


def test_mixes_that_are_undecided_for_different_reasons_share_a_sentence() -> None:
    rare = region("inconclusive", "inconclusive", why="rare large failures")
    alphas: Any = [
        {"alpha": alpha, "versus_real": versus(ED=found)}
        for alpha, found in ((0.0, OPEN), (0.25, rare), (0.5, OPEN), (0.75, EQUAL))
    ]

    merged, equal = describe_performance(alphas, REAL)

    assert merged.text == (
        "On 251 held-out real scans it is undecided at α = 0, 0.25 and 0.5 whether the model is "
        "worse than the one trained on real data alone (margin 0.03): the reason differs by α, "
        "see the tests."
    )
    assert [link.anchor for link in merged.evidence] == [
        "performance-0",
        "performance-0.25",
        "performance-0.5",
    ]
    assert "equivalent to" in equal.text


def test_what_no_mix_decides_is_said_in_one_sentence_with_the_number_of_alphas() -> None:
    alphas: Any = [{"alpha": i / 10, "versus_real": versus(ED=OPEN)} for i in range(10)]

    [said] = describe_performance(alphas, REAL)

    whether = "it can be decided at none of the 10 α (0 to 0.9) whether the model is worse"
    assert whether in said.text
    assert len(said.evidence) == 10
