"""What a newcomer and a data protection officer must find: in README, privacy page and index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"


def test_readme_names_the_paper_its_authors_and_where_it_is() -> None:
    assert "Raja Babu, Muly, Prabhu and Sivaprakasam" in README
    assert "*Position Paper: Building Trust in Synthetic Data for Clinical AI*" in README
    assert "https://arxiv.org/abs/2502.02076" in README


def test_readme_defines_each_trust_factor_in_one_line() -> None:
    defined = re.findall(r"^- \*\*(T[1-5]), [^*]+:\*\* .+\.$", README, flags=re.MULTILINE)

    assert defined == ["T1", "T2", "T3", "T4", "T5"]


def test_readme_explains_the_grid_before_the_first_experiment() -> None:
    explained = README.index("**The grid** is the box of voxels")

    assert explained < README.index("**Run an experiment.**")
    assert "64x64x64@3" in README[explained:]
    assert "64 voxels of 3 mm along each axis" in README[explained:]


def test_readme_says_which_figures_differ_on_another_machine() -> None:
    (said,) = re.findall(r"\*\*What differs on your machine:\*\* ([^\n]+\n[^\n]+)", README)

    assert "the digest" in said
    assert "every Dice and factor" in said


def test_readme_says_how_a_table_of_scores_is_made() -> None:
    said = README[README.index("**Score what you already have.**") :]

    assert "a CSV with `case,set,region,dice`" in said
    assert "docs/command-line.md#tables-of-dice-scores" in said


def test_the_privacy_page_says_what_is_stored_where_for_how_long_and_how_it_is_removed() -> None:
    page = (DOCS / "privacy.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)

    assert headings[:4] == [
        "What a client sends",
        "Where it lies",
        "For how long",
        "How it is removed",
    ]


@pytest.mark.parametrize("keeper", ["object store", "database", "Redis", "logs", "scratch folders"])
def test_the_privacy_page_says_of_every_keeper_what_of_a_patient_is_in_it(keeper: str) -> None:
    page = (DOCS / "privacy.md").read_text(encoding="utf-8")
    where = page[page.index("## Where it lies") : page.index("## For how long")]

    assert re.search(rf"^\| [^|]*{keeper}[^|]* \| \S", where, flags=re.MULTILINE)


def test_the_users_guide_and_the_measurements_are_apart() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    guide, internals = index.split("## Internals and measurements")

    assert "internals/" not in guide
    for page in sorted((DOCS / "internals").glob("*.md")):
        assert f"(internals/{page.name})" in internals, page.name
