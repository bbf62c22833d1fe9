"""Counts of an experiment: what Dice alone takes for misses, reference volumes tell apart."""

from collections.abc import Callable
from typing import Any

from tests.unit.metrics.as_json import build_results, score_cases

Maker = Callable[..., Any]


def plant(
    made: Any, case: int, *, reference_ml: float, real: float | None, synthetic: float
) -> None:
    """Give a test case this ET in its reference, and this Dice of ET under every training."""
    step = next(each.case for each in made.request.cases if each.id == f"test-{case:02d}")
    for run in made.request.runs:
        for name, dice in ((run.score_real, real), (run.score_synthetic, synthetic)):
            score = made.scores[name].cases[step]
            made.scores[name].cases[step] = score.model_copy(
                update={
                    "dice": {**score.dice, "ET": dice},
                    "reference_ml": {**score.reference_ml, "ET": reference_ml},
                }
            )


def test_a_false_positive_on_both_sides_is_no_miss(experiment: Maker) -> None:
    """Each case differs in what holds of it; the numbers are counted by hand."""
    made = experiment(seeds=(0, 1))
    plant(made, 1, reference_ml=0, real=0.0, synthetic=0.0)  # invented on both sides
    plant(made, 2, reference_ml=0, real=0.0, synthetic=0.0)
    plant(made, 3, reference_ml=5, real=0.0, synthetic=0.4)  # missed on the real image alone
    plant(made, 4, reference_ml=5, real=0.0, synthetic=0.0)  # missed on both

    arm = build_results(made.request, made.scores)["alphas"][0]

    assert arm["counts"]["ET"]["missed"] == {"real": 2, "synthetic": 1}
    assert arm["counts"]["ET"]["false_positive"] == {"real": 2, "synthetic": 2}


def test_a_mixed_pair_is_a_false_positive_on_one_side(experiment: Maker) -> None:
    made = experiment()
    plant(made, 1, reference_ml=0, real=None, synthetic=0.0)

    counts = build_results(made.request, made.scores)["alphas"][0]["counts"]["ET"]

    assert counts["false_positive"] == {"real": 0, "synthetic": 1}
    assert (counts["mixed"], counts["missed"]) == (1, {"real": 0, "synthetic": 0})


def test_counts_of_controls_know_the_reference_too(experiment: Maker) -> None:
    made = experiment(controls=True)
    step = next(each.case for each in made.request.cases if each.id == "test-05")
    for name, file in made.scores.items():
        score = file.cases[step]
        file.cases[step] = score.model_copy(
            update={
                "dice": {**score.dice, "ET": 0.0},
                "reference_ml": {**score.reference_ml, "ET": 0.0},
            }
        )
        made.scores[name] = file

    arms = build_results(made.request, made.scores)["controls"]

    trained = [arm for arm in arms if arm["trust"] is not None]
    assert trained
    assert all(arm["counts"]["ET"]["missed"] == {"real": 0, "synthetic": 0} for arm in trained)
    assert all(arm["counts"] is None for arm in arms if arm["trust"] is None)


def test_a_seeds_trust_stays_what_its_cases_score(experiment: Maker) -> None:
    made = experiment()
    plant(made, 1, reference_ml=0, real=0.0, synthetic=0.0)

    [seed] = build_results(made.request, made.scores)["alphas"][0]["seeds"]

    assert score_cases({"cases": seed["cases"]}) == seed["trust"]
    assert seed["trust"]["counts"]["ET"]["missed"] == {"real": 1, "synthetic": 1}
