"""The report: one file, everything in it, nothing unescaped."""

import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.unit.metrics.as_json import build_results

from syntrust_core.contracts.case_record import Problem
from syntrust_metrics.experiment.wording import PATIENTS
from syntrust_metrics.report import Contents, choose_sample_cases, render_report
from syntrust_metrics.report.verdicts import (
    Scans,
    describe_performance,
    describe_prediction,
)

Maker = Callable[..., Any]
HOSTILE = '<script>alert("x")</script>&'
DROP = {"empty": "drop"}


def contents_of(made: Any, **more: Any) -> Contents:
    results = build_results(made.request, made.scores)
    return Contents(made.request, results, {"fig4": b"<svg/>"}, **more)


class Page(HTMLParser):
    """Collects what a page would load, its text, and whether its elements nest."""

    VOID = ("meta", "img", "input")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_is_well_formed_and_loads_nothing(experiment: Maker) -> None:
    page = Page(render_report(contents_of(experiment())))

    images = [each for each in page.loads if not each.startswith("#")]
    assert images
    assert all(each.startswith("data:image/svg+xml;base64,") for each in images)
    assert base64.b64decode(images[0].partition(",")[2]) == b"<svg/>"
    assert "script" not in page.tags


def test_the_appendix_is_folded_on_a_screen_and_open_on_paper(experiment: Maker) -> None:
    raw = render_report(contents_of(experiment()))

    style = raw[raw.index("<style>") : raw.index("</style>")]
    _, appendix = raw.split('<div class="appendix">')
    opening = "details::details-content { display: block; content-visibility: visible; }"
    assert appendix.count("<table") == appendix.count('<div class="table">') > 10
    assert not re.search(r"<details[^>]* open", raw)
    assert opening in style.partition("@media print")[2]


def test_tables_that_a_claim_needs_not_are_in_the_appendix(experiment: Maker) -> None:
    raw = render_report(contents_of(experiment()))

    before, appendix = raw.split('<div class="appendix">')
    assert before.count("<table") <= 6
    assert appendix.index("<details") < appendix.index("<table")


def test_everything_a_caller_may_name_is_escaped(experiment: Maker, case_record: Maker) -> None:
    made = experiment()
    first = made.request.cases[0]
    cases = (first.model_copy(update={"id": HOSTILE, "group": HOSTILE}), *made.request.cases[1:])
    request = made.request.model_copy(update={"cases": cases, "settings": {HOSTILE: HOSTILE}})
    problem = Problem(file="seg", field="label", reason=HOSTILE)
    contents = contents_of(made, provenance={HOSTILE: [HOSTILE]})
    hostile = Contents(
        request,
        contents.results,
        contents.figures,
        {first.case: case_record(1, 1, 1, problem)},
        contents.provenance,
    )

    raw = render_report(hostile)

    assert "<script" not in raw
    assert Page(raw).text.count(HOSTILE) >= 6


def test_the_verdict_comes_first_and_in_the_tested_words(experiment: Maker) -> None:
    contents = contents_of(experiment(test=60))

    text = Page(render_report(contents)).text

    scans = Scans(PATIENTS)
    said = [
        *describe_performance(contents.results["alphas"], scans),
        *describe_prediction(contents.results["alphas"], scans),
    ]
    places = [text.index(sentence.text) for sentence in said]
    assert places == sorted(places)
    assert places[-1] < text.index("Trust factors", text.index("Verdict"))


def test_the_verdict_comes_again_without_the_cases_the_generator_has_seen(
    experiment: Maker,
) -> None:
    with_seen, without = contents_of(experiment(test=60, seen=5)), contents_of(experiment())

    again = "On 55 held-out real scans that the generator has not seen"
    assert Page(render_report(with_seen)).text.count(again) == 1
    assert "has not seen" not in Page(render_report(without)).text.partition("Trust factors")[0]


def test_every_factor_stands_with_its_interval_for_every_alpha(experiment: Maker) -> None:
    contents = contents_of(experiment())

    text = Page(render_report(contents)).text

    for entry in contents.results["alphas"]:
        factors: Any = entry["trust"]["factors"]
        for estimate in (
            factors["t1"]["real"],
            factors["t4"]["ET"],
            factors["t5"]["synthetic"]["NCR"],
        ):
            low, high = estimate["ci"]
            assert f"{estimate['value']:.3f} {low:.3f} to {high:.3f}" in text


def test_an_undefined_factor_says_why(experiment: Maker) -> None:
    contents = contents_of(experiment())
    estimate: Any = contents.results["alphas"][0]["trust"]["factors"]["t3"]["ET"]
    estimate.update(value=None, ci=None, reason="every Dice of a side is 0")

    assert "undefined: every Dice of a side is 0" in Page(render_report(contents)).text


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"test": 5}, "too few for any interval"),
        ({"test": 12}, "nothing can be called equivalent or not worse: that takes at least 50"),
        ({"test": 12}, "T2, T3 and T5 are indicative only"),
        ({"seeds": (0,)}, "Each model was trained once."),
        ({"seeds": (0, 1)}, "Each model was trained twice"),
        ({"alphas": ("0", "0.5")}, "nothing is said about clinical performance"),
        ({}, "The margin of 0.03 is in Dice"),
        ({"seen": 2}, "given again for the 10 test cases that are new to it"),
        ({"seen": 12}, "The generator was trained on every test case"),
        ({}, "No test case is known to have been used to train the generator"),
    ],
)
def test_the_page_says_how_far_its_numbers_carry(
    settings: dict[str, Any], sentence: str, experiment: Maker
) -> None:
    text = Page(render_report(contents_of(experiment(**settings)))).text

    assert sentence in text
    assert "Research use only" in text


def test_what_was_excluded_is_said_with_its_reason(experiment: Maker, records_of: Maker) -> None:
    made = experiment()
    first, second, *rest = made.request.cases
    cases = (
        first.model_copy(update={"part": "validation"}),
        second.model_copy(update={"part": "validation"}),
        *rest,
    )
    request = made.request.model_copy(update={"cases": cases, "settings": {"policy": DROP}})
    results = build_results(request, made.scores)
    results["alphas"][0]["trust"]["counts"]["ET"]["dropped"] = 3
    results["alphas"][0]["seeds"][0]["cases"][4]["real"]["ET"] = None
    records = records_of(made)
    records[rest[0].case] = records[rest[0].case].model_copy(
        update={"tumour_voxels_outside_grid": 7}
    )

    text = Page(render_report(Contents(request, results, {}, records))).text

    assert "2 validation cases, set aside before mixing: never trained on" in text
    assert "ET of 3 test cases at most, under the policy that drops a region" in text
    assert f"Tumour outside of the canonical grid in 1 case: {rest[0].id}." in text
    assert "1 test case with an empty region (test-04)" in text


def test_warnings_name_the_alpha_they_belong_to(experiment: Maker) -> None:
    contents = contents_of(experiment())
    trust = contents.results["alphas"][1]["trust"]
    trust["warnings"] = [*trust["warnings"], {"code": "mixed_pairs", "detail": "Odd pairs."}]

    text = Page(render_report(contents)).text

    assert "Odd pairs. At α = 0.5." in text
    assert text.count("Fewer than 50 cases (12)") == 1


def test_settings_and_provenance_stand_with_their_paths(experiment: Maker) -> None:
    made = experiment()
    request = made.request.model_copy(update={"settings": {"segmenter": {"iterations": 120}}})
    contents = contents_of(made, provenance={"versions": {"python": "3.11"}})

    text = Page(
        render_report(
            Contents(request, contents.results, contents.figures, provenance=contents.provenance)
        )
    ).text

    assert "segmenter.iterations 120" in text
    assert "versions.python 3.11" in text
    assert contents.results["digest"] in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("imported_model", "shipped with the generator"),
        ("import_model", "imported"),
        ("train_generator", "trained here"),
    ],
)
def test_where_a_model_comes_from_is_said_in_words(
    kind: str, words: str, experiment: Maker
) -> None:
    made = experiment()
    settings = {"generator": {"model": {"kind": kind, "id": "0" * 64}}}
    request = made.request.model_copy(update={"settings": settings})

    text = Page(render_report(Contents(request, contents_of(made).results, {}))).text

    assert f"generator.model.kind {words}" in text
    assert kind not in text


def test_samples_are_test_cases_that_show_every_region(
    experiment: Maker, records_of: Maker
) -> None:
    made = experiment()
    records = records_of(made)

    chosen = choose_sample_cases(made.request, records)

    assert len(chosen) == 3
    assert all(case.part == "test" and records[case.case].region_voxels["ET"] for case in chosen)
    volumes = [sum(records[case.case].region_volumes_ml.values()) for case in chosen]
    assert volumes == sorted(volumes, reverse=True)


def test_samples_prefer_cases_that_the_generator_has_not_seen(
    experiment: Maker, records_of: Maker
) -> None:
    made = experiment(seen=6)

    chosen = choose_sample_cases(made.request, records_of(made))

    assert not any(case.seen for case in chosen)


def test_few_test_cases_are_few_samples(experiment: Maker, records_of: Maker) -> None:
    made = experiment(test=2)

    assert len(choose_sample_cases(made.request, records_of(made))) == 2
