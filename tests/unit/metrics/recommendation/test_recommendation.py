"""The fixed sequence over α, what joins regions, and the sentence of every state."""

import numpy as np
import pytest
from tests.unit.metrics.as_json import recommend
from tests.unit.metrics.recommendation.made_differences import (
    MARGIN,
    REGIONS,
    draw,
    make_cases,
    make_sweep,
)

from syntrust_metrics.trust import InvalidScores
from syntrust_metrics.trust.inference.recommendation import recommend_for_region
from syntrust_metrics.trust.inference.recommendation_planning import compute_power, measure_spread

pytestmark = pytest.mark.numeric


def test_a_sequence_stops_at_the_first_share_that_is_not_shown() -> None:
    good, bad = draw(3, 150, 0.0, 0.02), draw(3, 150, -0.03, 0.02)

    found = recommend_for_region({0.0: good, 0.25: bad, 0.5: good, 0.75: good}, MARGIN)

    assert [each["alpha"] for each in found["tests"]] == [0.75, 0.5, 0.25]
    assert (found["alpha"], found["synthetic_share"], found["stopped_at"]) == (0.5, 0.5, 0.25)
    assert found["kind"] == "recommendation"


def test_all_regions_allow_what_each_of_them_allows() -> None:
    found = recommend(make_sweep({0.75: (0, 0), 0.5: (0, 0), 0.25: (0.1, 0), 0.0: (0, 0)}))

    shares = {region: each["synthetic_share"] for region, each in found["regions"].items()}
    assert shares == {"ED": 0.5, "ET": 1.0}
    assert found["all_regions"] == {
        "kind": "recommendation",
        "alpha": 0.5,
        "synthetic_share": 0.5,
        "stopped_at": 0.25,
        "stopped_by": ["ED"],
    }


def test_the_order_of_alphas_and_entries_does_not_matter() -> None:
    sweep = make_sweep({0.5: (0, 0), 0.0: (0.01, 0.1)})
    turned = {alpha: cases[::-1] for alpha, cases in reversed(sweep.items())}

    assert recommend(turned) == recommend(sweep)


def test_the_order_of_training_seeds_and_the_names_of_cases_do_not_matter() -> None:
    sweep = make_sweep({0.5: (0, 0), 0.0: (0.01, 0.1)})
    renamed = {
        alpha: [{**each, "seed": 2 - each["seed"], "id": each["id"][::-1]} for each in cases]
        for alpha, cases in sweep.items()
    }

    found, again = recommend(sweep), recommend(renamed)

    assert (again["sentence"], again["details"]) == (found["sentence"], found["details"])
    assert again["all_regions"] == found["all_regions"]


def test_a_region_goes_as_far_with_others_as_alone() -> None:
    sweep = make_sweep({0.5: (0, 0), 0.0: (0.01, 0.1)})
    alone = {
        alpha: [
            {**each, **{side: {"ET": each[side]["ET"]} for side in ("real", "synthetic")}}
            for each in cases
        ]
        for alpha, cases in sweep.items()
    }

    assert recommend(alone)["regions"]["ET"] == recommend(sweep)["regions"]["ET"]


def test_alphas_with_other_cases_are_refused() -> None:
    sweep = make_sweep({0.5: (0, 0)})

    with pytest.raises(InvalidScores, match=r"α = 0\.5 has other ids"):
        recommend({1.0: sweep[1.0], 0.5: [e for e in sweep[0.5] if e["id"] != "case-000"]})
    with pytest.raises(InvalidScores, match="at least one α"):
        recommend({})


def test_harm_that_is_shown_needs_no_more_cases() -> None:
    found = recommend_for_region({0.5: draw(3, 150, -0.1)}, MARGIN)

    assert (found["reason"], found["needed"]) == ("harm is shown", None)


def test_a_wide_spread_names_the_cases_and_trainings_that_would_decide() -> None:
    wide = {region: draw(3, 60, 0.0, 0.15, k) for k, region in enumerate(REGIONS)}
    sweep = {
        1.0: make_cases(np.zeros((3, 60, 2))),
        0.5: make_cases(np.stack(list(wide.values()), axis=2).clip(-0.5, 0.5)),
    }

    found = recommend(sweep)

    needed = found["regions"]["ED"]["needed"]
    assert needed["cases"] > 60
    assert needed["seeds"] >= 3
    assert needed["power"] >= 0.8
    assert found["details"][0].endswith(
        f"Without any true difference, {needed['cases']} test cases and {needed['seeds']} "
        f"trainings would show no harm with a chance of {needed['power']:.0%}."
    )


def test_the_sentence_recommends_a_share_with_its_evidence() -> None:
    found = recommend(make_sweep({0.5: (0, 0), 0.0: (0.1, 0.1)}), noun="real test case")

    assert found["sentence"] == (
        "Recommended: up to 50% synthetic training images. 150 real test cases and 3 trainings "
        "exclude a mean loss of 0.03 Dice or more against training without synthetic images in "
        "every region (one-sided level 5%)."
    )
    assert found["details"][0].startswith("ED: up to 50%. At 100% harm is shown: the mean ")


@pytest.mark.parametrize("seeds", [1, 2])
def test_with_fewer_than_three_trainings_the_sentence_is_about_these_models(seeds: int) -> None:
    found = recommend(make_sweep({0.5: (0, 0)}, seeds))

    assert found["all_regions"]["kind"] == "these trained models"
    assert found["sentence"] == (
        "For these trained models alone: up to 50% synthetic training images. 150 test cases "
        "exclude a mean loss of 0.03 Dice or more against training without synthetic images in "
        "every region (one-sided level 5%). This is no recommendation: that takes 3 trainings."
    )
    assert found["details"][0] == "ED: up to 50%, the largest share that was tested."


def test_without_evidence_the_sentence_says_what_is_not_excluded_and_what_would_decide() -> None:
    found = recommend(make_sweep({0.5: (0.03, 0.1)}))

    assert found["sentence"] == (
        "No evidence for any share of synthetic training images. At 50% synthetic images, 150 test "
        "cases and 3 trainings show a mean loss of 0.03 Dice or more against training without "
        "synthetic images in ET and do not exclude it in ED (one-sided level 5%)."
    )
    assert found["details"][0].endswith(
        "at worst: a loss of the margin is not excluded. Without any true difference, so many "
        "cases and trainings would have shown no harm with a chance of 100%."
    )


def test_a_share_that_some_regions_allow_is_named_with_them() -> None:
    found = recommend(make_sweep({0.5: (0.03, 0), 0.25: (0, 0)}))

    assert found["sentence"] == (
        "No evidence for a share that every region allows; ET alone up to 75%. At 50% synthetic "
        "images, 150 test cases and 3 trainings do not exclude a mean loss of 0.03 Dice or more "
        "against training without synthetic images in ED (one-sided level 5%). Without any true "
        "difference, so many cases and trainings would have shown no harm with a chance of 100%."
    )


def test_sixty_cases_that_agree_are_too_few_for_the_default_margin_and_the_sentence_says_why() -> (
    None
):
    """Failures of 4.9 % of all cases go unseen among 60 in one study of twenty: 1 - .05^(1/60)."""
    same = make_cases(np.zeros((3, 60, len(REGIONS))))

    found = recommend({1.0: same, 0.5: same}, noun="real test case")

    assert found["sentence"].endswith(
        "in ED and ET (one-sided level 5%). 60 real test cases can miss failures of up to 4.9% of "
        "all cases, a mean loss of 0.049 Dice. Without any true difference, 99 test cases and 3 "
        "trainings would show no harm in each of ED and ET with a chance of at least 80%."
    )


def test_without_evidence_the_sentence_names_what_decides_in_each_region() -> None:
    regions = [draw(3, 60, 0.0, sd, 1).clip(-0.5, 0.5) for sd in (0.13, 0.15)]
    made = make_cases(np.stack(regions, axis=2))

    found = recommend({1.0: make_cases(np.zeros((3, 60, 2))), 0.5: made})

    each = [found["regions"][region]["needed"] for region in REGIONS]
    cases, seeds = (max(needed[key] for needed in each) for key in ("cases", "seeds"))
    assert seeds >= 3
    assert found["sentence"].endswith(
        f"Without any true difference, {cases} test cases and {seeds} trainings would show no harm "
        "in each of ED and ET with a chance of at least 80%."
    )
    for wide in regions:
        spread = measure_spread(wide)
        assert spread is not None
        assert compute_power(spread, MARGIN, cases, seeds) >= 0.8


def test_with_one_training_the_sentence_says_that_a_recommendation_takes_three() -> None:
    wide = make_cases(np.stack([draw(1, 60, 0.0, 0.1)] * 2, axis=2))

    found = recommend({1.0: make_cases(np.zeros((1, 60, 2))), 0.5: wide})

    assert found["sentence"].endswith(" A recommendation also takes 3 trainings.")


def test_where_no_number_decides_the_sentence_says_so() -> None:
    apart = np.array([[-0.4], [0.0], [0.4]])
    differences = np.stack([draw(3, 60), np.zeros((3, 60)) + apart], axis=2)

    found = recommend({1.0: make_cases(np.zeros((3, 60, 2))), 0.5: make_cases(differences)})

    assert found["regions"]["ED"]["needed"]["cases"] is not None
    assert found["sentence"].endswith(
        "Up to 10,000 test cases and 20 trainings would not decide it in ET."
    )


def test_the_sentence_says_which_model_or_how_many_cases_are_missing() -> None:
    nothing = "No evidence for any share of synthetic training images: "
    sweep = make_sweep({0.5: (0, 0)}, cases=49)

    few = recommend(sweep)["sentence"]
    mixes = recommend({0.5: sweep[0.5]})["sentence"]
    real = recommend({1.0: sweep[1.0]})["sentence"]

    assert few == nothing + (
        "it takes at least 50 test cases, not 49. Without any true difference, 121 test cases and "
        "3 trainings would show no harm in each of ED and ET with a chance of at least 80%."
    )
    assert mixes == nothing + "no model was trained without synthetic images (α = 1)."
    assert real == nothing + "no model was trained with synthetic images."
