"""The page of an answer: the same numbers and digest, safe text, nothing from elsewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import score_cases

from syntrust_metrics.trust.page import render_trust_page

REGIONS = ("ED", "ET", "NCR")


def make_answer(m: int = 60, **more: Any) -> Any:
    rng = np.random.default_rng(0)
    real = rng.beta(5, 2, (m, 3))
    synthetic = np.clip(real + rng.normal(0, 0.03, (m, 3)), 0, 1)
    cases = [
        {
            "id": f"c{i:03d}",
            "real": dict(zip(REGIONS, real[i].tolist(), strict=True)),
            "synthetic": dict(zip(REGIONS, synthetic[i].tolist(), strict=True)),
            **more,
        }
        for i in range(m)
    ]
    return score_cases({"cases": cases, "policy": {"resamples": 200}})


class Reader(HTMLParser):
    """Checks that elements close in order and collects what is worth checking."""

    VOID = frozenset({"meta", "line", "circle", "rect", "br", "!doctype"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.numbers: list[float] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if tag == "data" and name == "value":
                self.numbers.append(float(value or "nan"))
            if name in {"src", "href", "action"}:
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def numbers(tree: Any) -> list[float]:
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in numbers(branch)]
    if isinstance(tree, list):
        return [x for branch in tree for x in numbers(branch)]
    return [tree] if isinstance(tree, float) else []


def test_the_page_holds_the_numbers_and_the_digest_of_the_answer() -> None:
    answer = make_answer()

    found = read(render_trust_page(answer))

    assert answer["digest"] in found.text
    assert set(found.numbers) <= {*numbers(answer), answer["policy"]["margin"]}
    for part in ("factors", "score"):
        assert set(numbers(answer[part])) <= set(found.numbers)
    for test in answer["equivalence"]["regions"].values():
        assert {test["difference"], *test["ci90"]} <= set(found.numbers)


def test_the_verdict_stands_first_and_says_what_was_tested() -> None:
    found = read(render_trust_page(make_answer())).text

    assert found.index("In short") < found.index("Numbers")
    assert "Dice on real and synthetic images is equivalent (margin 0.030)" in found
    assert "does not say that training on synthetic images is as good" in found
    assert "Research use only" in found


def test_the_page_needs_nothing_from_elsewhere() -> None:
    found = read(render_trust_page(make_answer()))

    assert not found.links
    assert not found.tags & {"script", "link", "img", "iframe", "form", "object"}
    assert "svg" in found.tags


def test_names_cannot_become_markup() -> None:
    hostile = "<script>alert(1)</script>&\"'"
    cases = [
        {"id": str(i), "real": {hostile: 0.8}, "synthetic": {hostile: 0.7}, "group": hostile}
        for i in range(3)
    ]

    page = render_trust_page(score_cases({"cases": cases}))

    assert "<script" not in page
    assert read(page).text.count(hostile) >= 3


@pytest.mark.parametrize(
    "scores",
    [
        ({"ET": None}, {"ET": None}),
        ({"ET": 0.0}, {"ET": 0.0}),
        ({"ET": 1.0}, {"ET": 1.0}),
    ],
)
@pytest.mark.parametrize("empty", ["brats", "drop", "zero"])
def test_what_is_undefined_is_said_and_not_drawn(scores: Any, empty: str) -> None:
    real, synthetic = scores
    cases = [{"id": str(i), "real": real, "synthetic": synthetic} for i in range(2)]
    answer = score_cases({"cases": cases, "policy": {"empty": empty}})

    found = read(render_trust_page(answer))

    assert "nan" not in found.text.lower()
    assert ("undefined" in found.text) == (answer["score"]["value"] is None)


def test_text_is_dark_on_white() -> None:
    style = render_trust_page(make_answer(12)).partition("<style>")[2].partition("</style>")[0]

    colours = re.findall(r"[^-]color:#([0-9a-f]{6})", style)

    assert "background:#fff" in style
    assert colours
    for colour in colours:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 90


def test_groups_and_warnings_are_on_the_page() -> None:
    found = read(render_trust_page(make_answer(40, group="site-1"))).text

    assert "site-1" in found
    assert "Fewer than 50 cases" in found


def test_the_page_loads_jinja2_and_what_scoring_loads_alone() -> None:
    heavy = "{'pydantic', 'matplotlib', 'nibabel', 'syntrust_core', 'celery'}"
    code = f"import sys, syntrust_metrics.trust.page; sys.exit(bool({heavy} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_open_end_is_said_in_words_and_gives_no_interval() -> None:
    answer = make_answer(12)
    answer["factors"]["t5"]["real"]["ED"] |= {
        "ci": None,
        "bound": {"low": 0.1114},
        "reason": "12 cases give no upper bound",
    }

    text = " ".join(read(render_trust_page(answer)).text.split())

    assert "at least 0.111; 12 cases give no upper bound" in text


def test_regions_that_differ_are_named_and_intervals_say_whether_they_exclude_zero() -> None:
    answer = make_answer()
    answer["equivalence"] |= {"every_region": "not every region", "different_regions": ["ED"]}

    text = " ".join(read(render_trust_page(answer)).text.split())

    assert "Not every region is equivalent: Dice differs for ED." in text
    assert "(holds 0)" in text


def test_the_spread_over_trainings_stands_beside_every_factor_and_the_score() -> None:
    cases = [case for seed in range(3) for case in make_answer_cases(seed)]
    answer = score_cases({"cases": cases, "policy": {"resamples": 200}})

    found = read(render_trust_page(answer))

    spreads = {answer["factors"][name]["real"]["seed_sd"] for name in ("t1", "t2")}
    spreads.add(answer["score"]["seed_sd"])
    assert spreads <= set(found.numbers)
    assert "sd over trainings" in found.text


def make_answer_cases(seed: int) -> list[dict[str, Any]]:
    dice = np.random.default_rng(seed).beta(5, 2, (12, 2, 3)).tolist()
    return [
        {
            "id": f"c{i:03d}",
            "seed": seed,
            "real": dict(zip(REGIONS, real, strict=True)),
            "synthetic": dict(zip(REGIONS, synthetic, strict=True)),
        }
        for i, (real, synthetic) in enumerate(dice)
    ]
