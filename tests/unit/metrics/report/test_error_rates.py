"""The error rates of the report are those of the tables in the documentation."""

import re
from pathlib import Path
from typing import get_args

import pytest

from syntrust_metrics.report.cells import Topic
from syntrust_metrics.report.error_rates import RATES, build_error_table, list_error_rates

DOCS = Path(__file__).parents[4] / "docs"
Rows = dict[str, list[list[float]]]


def read_section(document: str, title: str) -> str:
    text = (DOCS / document).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def read_table(title: str, first: str) -> Rows:
    """Read the numbers of each cell by the name of its row; `first` begins the head."""
    lines = read_section("metrics.md", title).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} "))
    rows: Rows = {}
    name = ""
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        own, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        name = own or name
        numbers = [[float(each) for each in re.findall(r"\d+(?:\.\d+)?", cell)] for cell in cells]
        rows.setdefault(name, []).extend(numbers) if own == "" else rows.update({name: numbers})
    return rows


def test_the_worst_rate_of_a_harmful_share_is_that_of_the_table() -> None:
    table = read_table("The recommendation", "differences")

    harmful = [cell[0] for cells in table.values() for cell in cells if len(cell) == 2]
    assert max(harmful) == RATES.harmful_share
    low, high = RATES.harmful_if_trainings_fail
    assert f"{low} to {high} %" in read_section("metrics.md", "The recommendation")


def test_the_rates_of_verdicts_are_those_of_the_table() -> None:
    table = read_table("Equivalence", "differences")
    *usual, rare = table.values()

    for place, cases in enumerate((60, 251)):
        _, given, different = (slice(3 * place + i, 3 * place + i + 1) for i in range(3))
        assert max(cells[given][0][0] for cells in usual) == RATES.equivalent[cases]
        assert max(cells[different][0][0] for cells in table.values()) == RATES.different[cases]
    assert rare[1][0] == RATES.equivalent_if_rare


def test_the_coverage_of_intervals_is_that_of_the_table() -> None:
    lines = read_section("metrics.md", "Intervals").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rows = [row for row in cells if len(row) == 8 and row[1].isdigit()]

    for cases, by_name in RATES.coverage.items():
        own = [row[2:] for row in rows if int(row[1]) == cases]
        assert len(own) >= 2
        for place, (name, bounds) in enumerate(by_name.items()):
            found = [int(each) for row in own for each in re.findall(r"\d+", row[place])]
            assert (min(found), max(found)) == bounds, (cases, name)


def test_the_rates_over_alpha_are_those_of_the_tables() -> None:
    trends = read_table("Over α", "trends: noise of trainings")
    lowest = read_table("Over α", "lowest α: noise of trainings")
    cases = trends.pop("cases differ in their slope")
    along = trends["drawn along α"]
    several = (1, 2, 4, 5)  # columns of three and five trainings
    rate = {name: [cells[place][0] for place in several] for name, cells in trends.items()}

    assert max(max(each) for each in rate.values()) == RATES.trend
    alone = [c[i][0] for name, c in trends.items() if name != "drawn along α" for i in (0, 3)]
    assert max(alone) == RATES.trend_of_one_training
    assert max(along[0][0], along[3][0]) == RATES.trend_along_alpha
    found = [cases[place][0] for place in several]
    assert (min(found), max(found)) == RATES.trend_of_cases
    lowest.pop("cases differ in their slope")
    assert max(cell[0] for cells in lowest.values() for cell in cells) == RATES.lowest


def test_the_rates_of_meetings_and_claims_are_those_of_the_tables() -> None:
    meeting, *others = read_table("Over α", "true gap of T1").values()
    claims = read_table("Over α", "claim")

    held = [int(cell[1]) for cell in meeting]
    assert (min(held), max(held)) == RATES.meeting_held
    assert max(cell[0] for cells in others for cell in cells) == RATES.meeting_not_there
    assert max(cell[0] for cells in claims.values() for cell in cells) == RATES.claim_held
    gap = claims.pop("`t1_meets_in_the_middle` (with a gap at both ends)")
    assert gap[0][1] > max(cell[1] for cells in claims.values() for cell in cells)
    assert max(cell[1] for cells in claims.values() for cell in cells) == RATES.claim_failed


def test_every_topic_has_a_rate_and_a_section_that_exists() -> None:
    rates = list_error_rates(60)

    assert [each.topic for each in rates] == list(get_args(Topic))
    for each in rates:
        assert read_section(each.document, each.section)


@pytest.mark.parametrize(("cases", "named"), [(3, 12), (12, 12), (59, 30), (60, 60), (999, 251)])
def test_intervals_are_rated_by_no_more_cases_than_there_are(cases: int, named: int) -> None:
    said = next(each.said for each in list_error_rates(cases) if each.topic == "interval")

    assert said.startswith(f"Of {named} cases")
    assert "\u201c" in str(build_error_table(cases).rows)
