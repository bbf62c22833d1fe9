"""What a plan warns of."""

from __future__ import annotations

import pytest

from syntrust_metrics.planning import Plan, Spread, plan_power, use_given
from syntrust_metrics.planning.design import Question
from syntrust_metrics.planning.schema import PowerAnswer


def plan(question: Question, margin: float = 0.03) -> PowerAnswer:
    spread = use_given({"ET": Spread(0.05, 0.01, 0.03)})
    return plan_power(Plan(100, 3, question, margin=margin), spread)


@pytest.mark.parametrize(("margin", "cases"), [(0.03, 99), (0.05, 59)])
def test_a_plan_for_a_share_says_how_many_cases_a_recommendation_takes(
    margin: float, cases: int
) -> None:
    (told,) = (
        each["detail"]
        for each in plan("non_inferiority", margin)["warnings"]
        if each["code"] == "recommendation_takes_more"
    )

    assert f"at least {cases} test cases at a margin of {margin:g}" in told


def test_a_plan_for_the_test_sets_speaks_of_no_recommendation() -> None:
    codes = {each["code"] for each in plan("equivalence")["warnings"]}

    assert "recommendation_takes_more" not in codes
