"""The report in numbers: what its tables hold is what the results hold, and no file is missing."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.unit.metrics.as_json import build_results

from syntrust_metrics.report import Contents, ReportInputs, render_report, write_report
from syntrust_metrics.report.verdict_tables import say_undecided
from syntrust_metrics.report.verdicts import judge_against_real

Maker = Callable[..., Any]
TESTS = ("α, region", "n", "Dice less that of α = 1", "90% interval", "not worse?", "equivalent?")


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
def drawn(
    experiment: Maker,
    records_of: Maker,
    pair: Maker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Drawn:
    made = experiment(alphas=("0", "1"), seeds=(0, 1), again=True)
    inputs = ReportInputs(made.request, made.scores, records_of(made), [pair("test-00")])
    return Drawn(made, write_report(inputs, tmp_path_factory.mktemp("report")))


def test_a_report_is_its_results_its_figures_and_its_page(drawn: Drawn) -> None:
    names = (*(f"fig{i}" for i in range(2, 9)), "dice_volume", "bland_altman", "floors")
    figures = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}

    assert drawn.paths.keys() == {*figures, "results.json", "results.csv", "report.html"}
    assert drawn.results == build_results(drawn.made.request, drawn.made.scores)
    assert drawn.page.count("data:image/svg+xml;base64,") == 10
    assert drawn.results["digest"] in drawn.page
    assert not re.search(r"\bNaN\b", drawn.paths["results.json"].read_text())


def value_of(estimate: Any, digits: int = 3) -> str:
    low, high = estimate["ci"]
    said = f"{estimate['value']:.{digits}f} {low:.{digits}f} to {high:.{digits}f}"
    return f"{said} seed sd {estimate['seed_sd']:.{digits}f}".replace("-", "−")


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

    row = page.under(*TESTS)["0, ED"]

    low, high = found["ci90"]
    test = found["equivalence"]
    zero = "holds 0" if low <= 0 <= high else "excludes 0"
    assert row[0] == "12 × 2"
    assert row[1] == f"{found['difference']:+.3f}".replace("-", "−")
    assert row[2] == f"{low:.3f} to {high:.3f} {zero}".replace("-", "−")
    p, power = f"p {test['p']:.3f}", f"power {test['power']:.2f}"
    assert row[4] == f"{say_undecided(test['verdict'])} {p}, {power}, {test['reason']}"


def test_all_regions_together_have_their_own_verdict(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)
    every = results["alphas"][0]["versus_real"]["every_region"]

    row = page.under(*TESTS)["0, every region"]

    judged = [every["non_inferiority"], every["equivalence"]]
    assert row == ["12 × 2", "", "", *map(say_undecided, judged)]


def test_t2_stands_beside_its_other_readings(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)
    companions = results["alphas"][0]["trust"]["companions"]

    [table] = [table for table in page.tables if len(table[0]) == 7 and "T2" in table[0][1]]

    cells = [" ".join(cell.split()) for cell in table[1]]
    sides = ("real", "synthetic")
    assert cells[3:5] == [value_of(companions["t2_regions"][side]) for side in sides]
    assert cells[5:7] == [value_of(companions["t2_within"][side]) for side in sides]


def test_where_empty_regions_decide_the_result_stands_without_them_too(
    experiment: Maker,
) -> None:
    made = experiment(alphas=("1",))
    run = made.request.runs[0]
    for step, value in ((run.score_real, None), (run.score_synthetic, 0.0)):
        file = made.scores[step]
        case = next(iter(file.cases))
        score = file.cases[case]
        empty = score.model_copy(update={"dice": {**score.dice, "ET": value}})
        made.scores[step] = file.model_copy(update={"cases": {**file.cases, case: empty}})
    results = build_results(made.request, made.scores)

    page = Tables(render_report(Contents(made.request, results, {})))

    head = ("α, region", "T3 ↑", "T3 without empty", "T4 ↓", "T4 without empty")
    without = results["alphas"][0]["trust"]["sensitivity"]["t4"]["ET"]["value"]
    assert page.under(*head)["1, ET"][3].startswith(f"{without:.3f} ")


def test_captions_say_over_how_many_cases_and_seeds_a_figure_is(drawn: Drawn) -> None:
    assert drawn.page.count("12 test cases; training seeds 0 and 1.") == 8
    assert "4 training cases, 12 test cases." in drawn.page


def test_many_mixes_begin_with_a_table_of_their_verdicts(experiment: Maker) -> None:
    made = experiment(alphas=("0", "0.25", "0.5", "0.75", "1"), test=60)
    contents = Contents(made.request, build_results(made.request, made.scores), {})

    page = render_report(contents)

    regions = ("oedema", "enhancing tumour", "necrotic and non-enhancing core")
    rows = Tables(page).under("trained with", *regions)
    results: Any = contents.results
    found = results["alphas"][2]["versus_real"]["regions"]
    assert rows["half synthetic data"] == [
        judge_against_real(found[r]) for r in ("ED", "ET", "NCR")
    ]
    assert len(rows) == 4
    assert page.index("trained with</th>") < page.index("On 60 held-out")


def test_every_claim_of_the_paper_stands_with_what_was_found(drawn: Drawn) -> None:
    results, page = drawn.results, Tables(drawn.page)

    rows = page.under("claim of the paper", "here", "why")

    said = {name.removesuffix(" numbers ; error rate"): cells for name, cells in rows.items()}
    assert said == {
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


def test_groups_that_are_large_enough_have_factors_and_others_a_reason(
    experiment: Maker,
) -> None:
    made = experiment(test=30)
    cases = tuple(
        case.model_copy(update={"group": "small" if i % 6 == 0 else "large"})
        for i, case in enumerate(made.request.cases)
    )
    made = type(made)(made.request.model_copy(update={"cases": cases}), made.scores)
    contents = Contents(made.request, build_results(made.request, made.scores), {})

    rows = Tables(render_report(contents)).under("group", "α = 0", "α = 0.5", "α = 1")

    results: Any = contents.results
    t1 = results["alphas"][0]["trust"]["groups"]["large"]["factors"]["t1"]["real"]
    assert rows["large, 25 cases, real images"][0].startswith(f"{t1['value']:.3f} ")
    assert rows["small, 5 cases, real images"] == ["fewer than 20 cases"] * 3


def test_fifths_by_volume_stand_in_the_report_with_their_bounds(experiment: Maker) -> None:
    made = experiment(test=100, alphas=("1",))
    contents = Contents(made.request, build_results(made.request, made.scores), {})
    found: Any = contents.results["by_volume"]

    rows = Tables(render_report(contents)).under("group", "α = 1")

    low, high = (f"{edge:.3g}" for edge in found["edges_ml"][:2])
    t1 = found["alphas"][0]["groups"]["1"]["factors"]["t1"]["real"]
    assert rows[f"fifth 1, {low}-{high} ml, 20 cases, real images"][0].startswith(
        f"{t1['value']:.3f} "
    )
