"""Phantoms are no real images: in no sentence, table or figure are they called so."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from tests.unit.metrics.as_json import build_results
from tests.unit.metrics.figures.test_figures import volumes_of
from tests.unit.metrics.report.test_report import Page

from syntrust_core.contracts.report import BuildReport
from syntrust_core.contracts.vocabulary import ImageOrigin
from syntrust_metrics.experiment.wording import PATIENTS, PHANTOMS, choose_wording
from syntrust_metrics.figures import draw_all
from syntrust_metrics.report import Contents, render_report

Maker = Callable[..., Any]
ALPHAS = ("0", "0.25", "0.5", "0.75", "1")  # so many that a table of them begins the verdict
pytestmark = pytest.mark.slow
NOT_PATIENTS = pytest.mark.parametrize("origin", ["phantoms", None])
REAL = re.compile(r"\breal\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def made(experiment: Maker) -> Any:
    return experiment(ALPHAS, seeds=(0, 1, 2), test=60, seen=5, again=True, controls=True)


@pytest.fixture(scope="module")
def results(made: Any) -> Any:
    return build_results(say_of(made.request, "phantoms"), made.scores)


def say_of(request: BuildReport, origin: ImageOrigin | None) -> BuildReport:
    return request.model_copy(update={"origin": origin})


def page_of(made: Any, results: Any, origin: ImageOrigin | None) -> str:
    names = ("fig4", "fig5", "fig6", "fig7", "fig8", "dice_volume", "bland_altman", "floors")
    figures = dict.fromkeys(names, b"<svg/>")
    raw = render_report(Contents(say_of(made.request, origin), results, figures))
    return Page(re.sub("<style>.*</style>", "", raw, flags=re.DOTALL)).text


@NOT_PATIENTS
def test_a_report_on_cases_not_known_to_be_patients_calls_no_image_real(
    made: Any, results: Any, origin: ImageOrigin | None
) -> None:
    text = page_of(made, results, origin)

    assert [text[found.start() - 60 : found.end() + 20] for found in REAL.finditer(text)] == []
    assert text.count("reference") > 50


def test_a_report_on_phantoms_says_that_they_say_nothing_about_patients(
    made: Any, results: Any
) -> None:
    assert PHANTOMS.caution in page_of(made, results, "phantoms")


def test_a_report_on_patients_differs_from_one_on_phantoms_in_these_words_alone(
    made: Any, results: Any
) -> None:
    of_patients, of_phantoms = (page_of(made, results, each) for each in ("patients", "phantoms"))

    said = of_phantoms.replace("held-out phantom scan", "held-out real scan")
    known = re.escape(PHANTOMS.caution)
    assert PHANTOMS.adapt(of_patients) == re.sub(known, "", said).replace(
        "held-out real scan", "held-out reference scan"
    ).replace("  ", " ")


def iterate_words(figure: Figure) -> Iterator[str]:
    for each in figure.findobj(Text):
        assert isinstance(each, Text)
        yield each.get_text()


@NOT_PATIENTS
def test_figures_of_cases_not_known_to_be_patients_call_no_image_real(
    results: Any, pair: Maker, origin: ImageOrigin | None
) -> None:
    figures = draw_all(results, [pair()], volumes_of(results), choose_wording(origin))

    words = [word for figure in figures.values() for word in iterate_words(figure)]
    assert [word for word in words if REAL.search(word)] == []
    assert "reference test images" in words


def test_what_a_user_has_named_real_stays_so() -> None:
    assert PHANTOMS.adapt("Real images, surreal, real_only") == (
        "Reference images, surreal, real_only"
    )
    assert PATIENTS.adapt("Real images are real") == "Real images are real"
