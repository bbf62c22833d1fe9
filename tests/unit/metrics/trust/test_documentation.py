"""What the documentation shows is what comes out."""

import contextlib
import io
import re
from pathlib import Path

from tests.unit.metrics.as_json import list_definitions

PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"


def read_block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_prints_what_the_page_shows() -> None:
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(compile(read_block("python"), str(PAGE), "exec"), {})  # noqa: S102 - our own page

    assert printed.getvalue() == read_block("text")


def test_the_limits_on_the_page_are_those_that_hold() -> None:
    page = PAGE.read_text(encoding="utf-8")

    limits = list_definitions()["limits"]
    assert f"| entries of `cases` | {limits['cases']:,}," in page
    counts = f"{limits['regions']}, {limits['groups']}, {limits['seeds']}"
    assert f"| regions, groups, seeds | {counts} |" in page
    assert f"| entries × resamples | {limits['cases_x_resamples']:,} |" in page
    product = f"{limits['seeds_x_regions_x_resamples']:,}"
    assert f"| seeds × regions × resamples | {product} |" in page
