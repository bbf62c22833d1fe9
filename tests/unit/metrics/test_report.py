"""The report: one file, everything in it, nothing unescaped."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syntrust_core.caserecord import CanonicalFrame, CaseRecord, Problem, UploadedFrame
from syntrust_metrics.figures import TwinPair
from syntrust_metrics.report import Contents, ReportInputs, report_page, sample_cases, write_report
from syntrust_metrics.report.verdicts import against_real, performance, prediction, scans_of
from syntrust_metrics.results import build_results

Maker = Callable[..., Any]
HOSTILE = '<script>alert("x")</script>&'
SHA = "0" * 64
DROP = {"empty": "drop"}


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


def test_the_verdict_comes_first_and_in_the_tested_words(experiment: Maker) -> None:
    contents = contents_of(experiment(test=60))

    text = Page(report_page(contents)).text

    scans = scans_of(["test-00"])
    said = [
        *performance(contents.results["alphas"], scans),
        *prediction(contents.results["alphas"], scans),
    ]
    places = [text.index(sentence) for sentence in said]
    assert places == sorted(places)
    assert places[-1] < text.index("Trust factors", text.index("Verdict"))


def test_the_verdict_comes_again_without_the_cases_the_generator_has_seen(
    experiment: Maker,
) -> None:
    with_seen, without = contents_of(experiment(test=60, seen=5)), contents_of(experiment())

    again = "On 55 held-out real scans that the generator has not seen"
    assert Page(report_page(with_seen)).text.count(again) == 2
    assert "has not seen" not in Page(report_page(without)).text.partition("Trust factors")[0]


def test_every_factor_stands_with_its_interval_for_every_alpha(experiment: Maker) -> None:
    contents = contents_of(experiment())

    text = Page(report_page(contents)).text

    for entry in contents.results["alphas"]:
        factors = entry["trust"]["factors"]
        for leaf in (factors["t1"]["real"], factors["t4"]["ET"], factors["t5"]["synthetic"]["NCR"]):
            low, high = leaf["ci"]
            assert f"{leaf['value']:.3f} {low:.3f} to {high:.3f}" in text


class Tables(HTMLParser):
    """Cells of every table below a heading or a figure, by rows of text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self._cell = True
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.tables[-1][-1][-1] += f"{data} "

    def under(self, *head: str) -> dict[str, list[str]]:
        """Rows of the first table with this head, by their first cell."""
        tidy = [[[" ".join(cell.split()) for cell in row] for row in rows] for rows in self.tables]
        found = next(rows for rows in tidy if rows[0] == list(head))
        return {row[0]: row[1:] for row in found[1:]}


@dataclass(frozen=True)
class Drawn:
    """A whole report as written."""

    made: Any
    paths: dict[str, Path]

    @property
    def results(self) -> Any:
        return json.loads(self.paths["results.json"].read_text(encoding="utf-8"))

    @property
    def page(self) -> str:
        return self.paths["report.html"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drawn(experiment: Maker, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    made = experiment(seeds=(0, 1), again=True)
    volume = np.zeros((8, 8, 8), np.uint8)
    volume[3:5, 3:5, 3:5] = 2
    images = np.random.default_rng(0).random((4, 8, 8, 8)).astype(np.float32)
    pair = TwinPair("test-00", images, images, volume, np.ones((8, 8, 8), bool), (1.0, 1.0, 1.0))
    inputs = ReportInputs(made.request, made.scores, records_of(made), [pair])
    return Drawn(made, write_report(inputs, tmp_path_factory.mktemp("report")))


def test_a_report_is_its_results_its_figures_and_its_page(drawn: Drawn) -> None:
    names = (*(f"fig{i}" for i in range(2, 9)), "dice_volume", "bland_altman", "floors")
    figures = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}

    assert drawn.paths.keys() == {*figures, "results.json", "results.csv", "report.html"}
    assert drawn.results == build_results(drawn.made.request, drawn.made.scores)
    assert len(Page(drawn.page).loads) == 10
    assert drawn.results["digest"] in Page(drawn.page).text
    assert not re.search(r"\bNaN\b", drawn.paths["results.json"].read_text())


def value_of(leaf: Any, digits: int = 3) -> str:
    low, high = leaf["ci"]
    said = f"{leaf['value']:.{digits}f} {low:.{digits}f} to {high:.{digits}f}"
    return f"{said} seed sd {leaf['seed_sd']:.{digits}f}".replace("-", "−")


def test_tables_beside_the_figures_hold_the_numbers_of_the_results(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)
    last = results["alphas"][-1]
    factors, companions = last["trust"]["factors"], last["trust"]["companions"]

    t1 = page.under("α", "real images", "synthetic images")["1"]
    t4 = page.under("α, region", "T4", "if unpaired")["1, ED"]
    floors = page.under("α, region", "measured", "if unpaired", "second twin", "second training")[
        "1, NCR"
    ]
    bias = page.under(
        "α, region", "bias, real − synthetic", "95% limits", "correlation", "concordance"
    )["1, ET"]
    rho = page.under("α, region", "real images ρ", "synthetic images ρ", "cases")["1, ET"]

    assert t1 == [value_of(factors["t1"][side]) for side in ("real", "synthetic")]
    shuffled = companions["t4"]["ED"]["shuffled"]
    assert t4 == [value_of(factors["t4"]["ED"]), f"{shuffled:.3f}"]
    twins = results["floors"]["twins"]["alphas"][-1]["t3"]["NCR"]
    assert floors[0] == value_of(factors["t3"]["NCR"], 4)
    assert floors[2] == value_of(twins, 4)
    assert bias[0] == value_of(companions["t4"]["ET"]["bias"])
    assert rho[2] == str(results["size"][-1]["real"]["ET"]["cases"])


def test_tests_behind_the_verdict_stand_with_their_p_and_power(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)
    found = results["alphas"][0]["versus_real"]["regions"]["ED"]

    head = ("α, region", "Dice less that of α = 1", "90% interval", "not worse?", "equivalent?")
    row = page.under(*head)["0, ED"]

    low, high = found["ci90"]
    test = found["equivalence"]
    assert row[0] == f"{found['difference']:+.3f}".replace("-", "−")
    assert row[1] == f"{low:.3f} to {high:.3f}".replace("-", "−")
    assert row[3] == (
        f"{test['verdict']} p {test['p']:.3f}, power {test['power']:.2f}, {test['reason']}"
    )


def test_captions_say_over_how_many_cases_and_seeds_a_figure_is(drawn: Drawn) -> None:
    text = Page(drawn.page).text

    assert text.count("12 test cases; training seeds 0 and 1.") == 8
    assert "4 training cases, 12 test cases." in text


def test_many_mixes_begin_with_a_table_of_their_verdicts(experiment: Maker) -> None:
    made = experiment(alphas=("0", "0.25", "0.5", "0.75", "1"), test=60)
    contents = contents_of(made)

    page = report_page(contents)

    rows = Tables(page).under("trained with", "oedema", "enhancing tumour", "necrotic core")
    found = contents.results["alphas"][2]["versus_real"]["regions"]
    assert rows["half synthetic data"] == [against_real(found[r]) for r in ("ED", "ET", "NCR")]
    assert len(rows) == 4
    assert page.index("trained with</th>") < page.index("On 60 held-out")


def test_every_claim_of_the_paper_stands_with_what_was_found(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)

    rows = page.under("claim of the paper", "here", "why")

    assert rows == {
        each["claim"]: [each["verdict"], each["reason"] or ""] for each in results["claims"]
    }


def test_the_score_never_stands_without_its_parts(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)
    score = results["alphas"][0]["trust"]["score"]

    [row] = [rows[0] for table in page.tables if (rows := table[1:]) and "s0" in table[0][2]]

    assert f"{score['value']:.1f}" in row[1]
    assert [cell.strip() for cell in row[2:8]] == [
        f"{score['parts'][f's{i}']:.2f}" for i in range(6)
    ]


def test_an_undefined_factor_says_why(experiment: Maker) -> None:
    contents = contents_of(experiment())
    leaf = contents.results["alphas"][0]["trust"]["factors"]["t3"]["ET"]
    leaf.update(value=None, ci=None, reason="every Dice of a side is 0")

    assert "undefined: every Dice of a side is 0" in Page(report_page(contents)).text


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
    text = Page(report_page(contents_of(experiment(**settings)))).text

    assert sentence in text
    assert "Research use only" in text


def test_what_was_excluded_is_said_with_its_reason(experiment: Maker) -> None:
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

    text = Page(report_page(Contents(request, results, {}, records))).text

    assert "2 validation cases, set aside before mixing: never trained on" in text
    assert "ET of 3 test cases at most, under the policy that drops a region" in text
    assert f"Tumour outside of the canonical grid in 1 case: {rest[0].id}." in text
    assert "1 test case with an empty region (test-04)" in text


def test_groups_that_are_large_enough_have_factors_and_others_a_reason(
    experiment: Maker,
) -> None:
    made = experiment(test=30)
    cases = tuple(
        case.model_copy(update={"group": "small" if i % 6 == 0 else "large"})
        for i, case in enumerate(made.request.cases)
    )
    made = type(made)(made.request.model_copy(update={"cases": cases}), made.scores)
    contents = contents_of(made)

    rows = Tables(report_page(contents)).under("group", "α = 0", "α = 0.5", "α = 1")

    t1 = contents.results["alphas"][0]["trust"]["groups"]["large"]["factors"]["t1"]["real"]
    assert rows["large, 25 cases, real images"][0].startswith(f"{t1['value']:.3f} ")
    assert rows["small, 5 cases, real images"] == ["fewer than 20 cases"] * 3


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
