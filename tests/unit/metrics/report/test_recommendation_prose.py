"""The report's first sentence, and that every test behind it is one click away."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.metrics.as_json import build_results

from syntrust_metrics.report import Contents, render_report

Maker = Callable[..., Any]


@pytest.fixture(scope="module")
def results(experiment: Maker) -> Any:
    made = experiment(seeds=(0, 1, 2), test=60)
    return made.request, build_results(made.request, made.scores)


def render(request: Any, body: Any) -> str:
    return render_report(Contents(request, body, {"fig4": b"<svg/>"}))


def test_the_first_sentence_of_the_page_is_the_recommendation(results: Any) -> None:
    request, body = results

    page = render(request, body)

    first = page[page.index("</h1>") : page.index("</p>", page.index("</h1>"))]
    assert body["recommendation"]["sentence"] in first
    for detail in body["recommendation"]["details"]:
        assert detail in page


def test_every_sentence_leads_to_a_row_with_its_test_its_cases_and_its_bounds(results: Any) -> None:
    request, body = results
    page = render(request, body)
    header = page[: page.index("</header>")]

    linked = re.findall(r'href="#([^"]+)"', header)
    anchors = [anchor for anchor in linked if not anchor.startswith("error-rate-")]

    assert len(anchors) == 1 + len(body["recommendation"]["details"])
    for anchor in anchors:
        assert page.count(f'id="{anchor}"') == 1
    for region, found in body["recommendation"]["regions"].items():
        test = found["tests"][-1]
        start = page.index(f'id="recommendation-{region}-{test["alpha"]:g}"')
        row = page[start : page.index("</tr>", start)]
        low, high = (f"{test[end]:.3f}".replace("-", "−") for end in ("low", "high"))
        assert "<td>60</td><td>3</td>" in row
        assert f"{low} to {high}" in row
        assert test["verdict"] in row
        assert f"{found['needed']['cases']} cases" in row


def test_results_that_were_made_without_a_recommendation_are_shown_without_one(
    results: Any,
) -> None:
    request, body = results
    old = {key: value for key, value in body.items() if key != "recommendation"}

    page = render(request, old)

    assert "ecommend" not in page[page.index("</style>") : page.index('id="error-rates"')]


def test_a_page_without_real_data_alone_says_so_and_has_no_tests(experiment: Maker) -> None:
    made = experiment(alphas=("0", "0.5"), test=60)
    page = render(made.request, build_results(made.request, made.scores))

    assert "no model was trained without synthetic images (α = 1)." in page
    assert "#recommendation" not in page
