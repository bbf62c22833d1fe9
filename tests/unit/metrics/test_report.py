"""The report: one file, everything in it, nothing unescaped."""

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syntrust_core.caserecord import CanonicalFrame, CaseRecord, Problem, UploadedFrame
from syntrust_metrics.figures import TwinPair
from syntrust_metrics.report import Contents, ReportInputs, report_page, sample_cases, write_report
from syntrust_metrics.results import build_results

Maker = Callable[..., Any]
HOSTILE = '<script>alert("x")</script>&'
SHA = "0" * 64


def record(ncr: float, ed: float, et: float, *warnings: Problem) -> CaseRecord:
    volumes = {"ET": et, "ED": ed, "NCR": ncr}
    voxels = {region: int(volume * 1000) for region, volume in volumes.items()}
    rows = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    return CaseRecord.model_validate(
        {
            "requested_scheme": "auto",
            "scheme": {"NCR": 1, "ED": 2, "ET": 3},
            "uploaded": UploadedFrame(
                shape=(9, 9, 9), affine=rows, axis_codes="LPS", sform_code=1, qform_code=1
            ),
            "canonical": CanonicalFrame(
                shape=(9, 9, 9), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0)
            ),
            "resampling": "none",
            "brain_source": "file",
            "background": {},
            "uploaded_digests": {},
            "digests": {"labels": SHA},
            "fingerprint": SHA,
            "brain_ml": 1.0,
            "region_voxels": voxels,
            "region_volumes_ml": volumes,
            "uploaded_region_voxels": voxels,
            "uploaded_region_volumes_ml": volumes,
            "tumour_voxels_outside_grid": 0,
            "warnings": warnings,
        }
    )


def records_of(made: Any) -> dict[str, CaseRecord]:
    return {
        case.case: record(1.0 + i, 2.0 + i, 0.0 if i % 4 == 0 else 1.0)
        for i, case in enumerate(made.request.cases)
    }


def contents_of(made: Any, **more: Any) -> Contents:
    results = build_results(made.request, made.scores)
    return Contents(made.request, results, {"fig4": b"<svg/>"}, records_of(made), **more)


class Page(HTMLParser):
    """Collects what a page would load, its text, and whether its elements nest."""

    VOID = ("meta", "img")

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
    page = Page(report_page(contents_of(experiment())))

    assert page.loads
    assert all(each.startswith("data:image/svg+xml;base64,") for each in page.loads)
    assert base64.b64decode(page.loads[0].partition(",")[2]) == b"<svg/>"
    assert "script" not in page.tags


def test_everything_a_caller_may_name_is_escaped(experiment: Maker) -> None:
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
        {first.case: record(1, 1, 1, problem)},
        contents.provenance,
    )

    raw = report_page(hostile)

    assert "<script" not in raw
    assert Page(raw).text.count(HOSTILE) >= 6


def test_every_factor_stands_with_its_interval_for_every_alpha(experiment: Maker) -> None:
    contents = contents_of(experiment())

    text = Page(report_page(contents)).text

    for entry in contents.results["alphas"]:
        factors = entry["trust"]["factors"]
        for leaf in (factors["t1"]["real"], factors["t4"]["ET"], factors["t5"]["synthetic"]["NCR"]):
            low, high = leaf["ci"]
            assert f"{leaf['value']:.3f} {low:.3f} to {high:.3f}" in text


def test_an_undefined_factor_says_why(experiment: Maker) -> None:
    contents = contents_of(experiment())
    leaf = contents.results["alphas"][0]["trust"]["factors"]["t3"]["ET"]
    leaf.update(value=None, ci=None, reason="every Dice of a side is 0")

    assert "undefined: every Dice of a side is 0" in Page(report_page(contents)).text


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"test": 5}, "too few for any interval"),
        ({"test": 12}, "equivalence cannot be concluded from so few cases"),
        ({"test": 60}, "60 test cases: the intervals cover what the choice of cases adds"),
        ({"seeds": (0,)}, "One training per α"),
        ({"seeds": (0, 1)}, "2 trainings per α"),
        ({"seen": 2}, "given again for the 10 test cases that are new to it"),
        ({"seen": 12}, "The generator was trained on every test case"),
        ({}, "No test case is known to have been used to train the generator"),
    ],
)
def test_the_page_says_how_far_its_numbers_carry(
    settings: dict[str, Any], sentence: str, experiment: Maker
) -> None:
    text = Page(report_page(contents_of(experiment(**settings)))).text

    assert sentence in text
    assert "Research use only" in text


def test_phantoms_are_called_phantoms(experiment: Maker) -> None:
    made = experiment()
    cases = tuple(
        case.model_copy(update={"id": f"phantom-7-{i:04d}"})
        for i, case in enumerate(made.request.cases)
    )
    contents = contents_of(made)
    renamed = Contents(
        made.request.model_copy(update={"cases": cases}), contents.results, contents.figures
    )

    assert "All cases are phantoms" in Page(report_page(renamed)).text


def test_warnings_name_the_alpha_they_belong_to(experiment: Maker) -> None:
    contents = contents_of(experiment())
    trust = contents.results["alphas"][1]["trust"]
    trust["warnings"] = [*trust["warnings"], {"code": "mixed_pairs", "detail": "Odd pairs."}]

    text = Page(report_page(contents)).text

    assert "Odd pairs. At α = 0.5." in text
    assert text.count("Fewer than 50 cases (12)") == 1


def test_settings_and_provenance_stand_with_their_paths(experiment: Maker) -> None:
    made = experiment()
    request = made.request.model_copy(update={"settings": {"segmenter": {"iterations": 120}}})
    contents = contents_of(made, provenance={"versions": {"python": "3.11"}})

    text = Page(
        report_page(
            Contents(request, contents.results, contents.figures, provenance=contents.provenance)
        )
    ).text

    assert "segmenter.iterations 120" in text
    assert "versions.python 3.11" in text
    assert contents.results["digest"] in text


def test_samples_are_test_cases_that_show_every_region(experiment: Maker) -> None:
    made = experiment()
    records = records_of(made)

    chosen = sample_cases(made.request, records)

    assert len(chosen) == 3
    assert all(case.part == "test" and records[case.case].region_voxels["ET"] for case in chosen)
    volumes = [sum(records[case.case].region_volumes_ml.values()) for case in chosen]
    assert volumes == sorted(volumes, reverse=True)


def test_samples_prefer_cases_that_the_generator_has_not_seen(experiment: Maker) -> None:
    made = experiment(seen=6)

    chosen = sample_cases(made.request, records_of(made))

    assert not any(case.seen for case in chosen)


def test_few_test_cases_are_few_samples(experiment: Maker) -> None:
    made = experiment(test=2)

    assert len(sample_cases(made.request, records_of(made))) == 2


def test_a_report_is_its_results_its_figures_and_its_page(
    experiment: Maker, tmp_path: Path
) -> None:
    made = experiment()
    volume = np.zeros((8, 8, 8), np.uint8)
    volume[3:5, 3:5, 3:5] = 2
    images = np.random.default_rng(0).random((4, 8, 8, 8)).astype(np.float32)
    pair = TwinPair("test-00", images, images, volume, np.ones((8, 8, 8), bool), (1.0, 1.0, 1.0))

    inputs = ReportInputs(made.request, made.scores, records_of(made), [pair])

    paths = write_report(inputs, tmp_path)

    names = (*(f"fig{i}" for i in range(2, 9)), "dice_volume", "bland_altman", "floors")
    figures = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert paths.keys() == {*figures, "results.json", "results.csv", "report.html"}
    results = json.loads(paths["results.json"].read_text())
    assert results == build_results(made.request, made.scores)
    page = Page(paths["report.html"].read_text())
    assert len(page.loads) == 7
    assert not re.search(r"\bNaN\b", paths["results.json"].read_text())
