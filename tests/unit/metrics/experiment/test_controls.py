"""Control arms in the results and on the page: beside the mixes, and changing nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import build_results, compare_with_real, score_cases

from syntrust_metrics.report import Contents, render_report
from syntrust_metrics.report.controls import describe_control
from syntrust_metrics.segmentation.score_file import ScoreFile

Maker = Callable[..., Any]
Arm = Any


def build(made: Any) -> Any:
    return build_results(made.request, made.scores)


def arm_of(body: Any, control: str, alpha: float | None) -> Arm:
    found: list[Arm] = [
        arm for arm in body["controls"] if (arm["control"], arm["alpha"]) == (control, alpha)
    ]
    [arm] = found
    return arm


def cases_of(arm: Arm) -> list[Any]:
    return [case for seed in arm["seeds"] for case in seed["cases"]]


def test_controls_stand_beside_the_mixes_and_change_nothing_of_them(experiment: Maker) -> None:
    plain, controlled = build(experiment()), build(experiment(controls=True))

    assert plain["controls"] == []
    assert {**controlled, "controls": [], "digest": plain["digest"]} == plain


def test_controls_are_sorted_by_kind_and_then_by_alpha(experiment: Maker) -> None:
    body = build(experiment(controls=True))

    arms = [(arm["control"], arm["alpha"]) for arm in body["controls"]]
    alphas = {kind: [alpha for _, alpha in own] for kind, own in groupby(arms, lambda a: a[0])}
    assert alphas == {
        "real_only": [0, 0.5, 1],
        "augmentation_only": [0, 0.5, 1],
        "real_plus_twins": [None],
        "shuffled_masks": [0, 0.5, 1],
    }


def test_the_order_of_controls_and_their_trainings_does_not_reach_the_digest(
    experiment: Maker,
) -> None:
    made = experiment(seeds=(0, 1), controls=True)
    turned = [
        arm.model_copy(update={"trainings": arm.trainings[::-1]})
        for arm in reversed(made.request.controls)
    ]

    other = made.request.model_copy(update={"controls": tuple(turned)})

    assert build_results(other, made.scores)["digest"] == build(made)["digest"]


def test_a_control_is_scored_like_a_mix(experiment: Maker) -> None:
    body = build(experiment(seeds=(0, 1), controls=True))
    arm = arm_of(body, "shuffled_masks", 0.5)

    assert {*body["alphas"][0]} <= {*arm}
    for seed in arm["seeds"]:
        assert score_cases({"cases": seed["cases"]}) == seed["trust"]
    assert arm["trust"] == score_cases({"cases": cases_of(arm)})
    assert [seed["seed"] for seed in arm["seeds"]] == [0, 1]


def test_a_control_is_compared_with_its_own_mix_and_with_real_data_alone(
    experiment: Maker,
) -> None:
    body = build(experiment(seeds=(0, 1), controls=True))

    mixes = {entry["alpha"]: cases_of(entry) for entry in body["alphas"]}
    arm = arm_of(body, "augmentation_only", 0.5)
    assert arm["versus_mix"] == compare_with_real(cases_of(arm), mixes[0.5])
    assert arm["versus_real"] == compare_with_real(cases_of(arm), mixes[1.0])
    both = arm_of(body, "real_plus_twins", None)
    assert both["versus_mix"] is None
    assert both["versus_real"] == compare_with_real(cases_of(both), mixes[1.0])


def test_a_control_that_is_the_mix_itself_says_so_and_is_compared_with_nothing(
    experiment: Maker,
) -> None:
    body = build(experiment(controls=True))

    arm = arm_of(body, "real_only", 1.0)
    assert arm["mix"]["same_as"] == [1.0]
    assert (arm["versus_mix"], arm["versus_real"]) == (None, None)
    assert arm["trust"] == body["alphas"][2]["trust"]
    assert arm_of(body, "real_only", 0.5)["mix"]["same_as"] == []


def test_without_a_model_of_real_images_alone_no_control_is_compared_with_it(
    experiment: Maker,
) -> None:
    body = build(experiment(alphas=("0", "0.5"), controls=True))

    assert all(arm["versus_real"] is None for arm in body["controls"])
    assert arm_of(body, "shuffled_masks", 0.0)["versus_mix"] is not None


def test_an_undefined_control_is_there_with_its_reason(experiment: Maker) -> None:
    arm = arm_of(build(experiment(controls=True)), "real_only", 0.0)

    assert arm == {
        "control": "real_only",
        "alpha": 0.0,
        "iterations": None,
        "mix": None,
        "seeds": [],
        "trust": None,
        "counts": None,
        "versus_real": None,
        "versus_mix": None,
        "reason": "α = 0 has no real image",
    }


class Text(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(made: Any) -> str:
    page = render_report(Contents(made.request, build(made), {}))
    return " ".join(" ".join(Text(page).words).split())


def test_a_report_without_controls_has_no_section_on_them(experiment: Maker) -> None:
    assert "Controls" not in text_of(experiment())


def test_the_report_has_a_row_for_every_control_and_a_reason_for_every_gap(
    experiment: Maker,
) -> None:
    text = text_of(experiment(controls=True))

    assert "Real images alone, α = 0 undefined: α = 0 has no real image" in text
    assert "Augmentation instead of twins, α = 0.5 2 real, 0 twins 80" in text
    assert "Real images and their twins 4 real, 4 twins 80" in text
    assert "Twins with the masks of others, α = 0 0 real, 4 twins 80" in text
    assert "the same trainings" in text


def with_dice(made: Any, step: str, dice: float) -> None:
    """Let a model's scores on a test set be about `dice`, differing a little from case to case."""
    file = made.scores[step]
    rng = np.random.default_rng(0)
    made.scores[step] = ScoreFile(
        cases={
            case: score.model_copy(
                update={"dice": {k: dice + rng.uniform(-0.01, 0.01) for k in score.dice}}
            )
            for case, score in sorted(file.cases.items())
        }
    )


@pytest.mark.parametrize(
    ("dice", "words"),
    [
        (0.2, "worse than the mix at α = 0 and 0.5"),
        (0.8, "equivalent to the mix at α = 0 and 0.5"),
        (0.95, "better than the mix at α = 0 and 0.5"),
    ],
)
def test_the_negative_control_is_judged_against_its_mix_and_followed_down_alpha(
    experiment: Maker, dice: float, words: str
) -> None:
    made = experiment(test=60, controls=True)
    for run in made.request.runs:
        with_dice(made, run.score_real, 0.8)
    for arm in made.request.controls:
        if arm.control == "shuffled_masks" and arm.alpha != "1":
            with_dice(made, arm.trainings[0].score_real, dice)

    arms = [arm for arm in build(made)["controls"] if arm["control"] == "shuffled_masks"]
    said = describe_control("shuffled_masks", arms)

    assert "; T1 on real images 0.8" in said
    assert f"{words}; T1 on real images " in said
    assert said.index("at α = 1,") < said.index("at α = 0.5 and") < said.rindex("at α = 0.")
    assert "Direction: it must be worse than the mix" in said


def test_real_images_with_all_their_twins_are_judged_against_real_data_alone(
    experiment: Maker,
) -> None:
    made = experiment(test=60, controls=True)
    with_dice(made, made.request.runs[-1].score_real, 0.8)
    with_dice(made, made.request.controls[-1].trainings[0].score_real, 0.9)

    arms = [arm for arm in build(made)["controls"] if arm["control"] == "real_plus_twins"]

    assert ": better than real data alone. Direction: better" in describe_control(
        "real_plus_twins", arms
    )


def test_what_few_cases_cannot_tell_is_called_undecided(experiment: Maker) -> None:
    body = build(experiment(controls=True))

    said = describe_control(
        "real_only", [arm_of(body, "real_only", alpha) for alpha in (0.0, 0.5, 1.0)]
    )

    assert ": undecided against the mix at α = 0.5. Direction:" in said


def test_a_warning_about_a_control_alone_is_shown_with_its_name(experiment: Maker) -> None:
    made = experiment(controls=True)
    results = build(made)
    trust = arm_of(results, "shuffled_masks", 0.5)["trust"]
    trust["warnings"] = [*trust["warnings"], {"code": "mixed_pairs", "detail": "Odd pairs."}]

    page = render_report(Contents(made.request, results, {}))

    assert "Twins with the masks of others at α = 0.5: Odd pairs." in page
