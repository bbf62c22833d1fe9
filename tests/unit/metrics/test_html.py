"""The HTML layer of trust page and report: what enters is escaped, what is markup stays."""

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from syntrust_metrics.html import decimals, macro, render

HOSTILE = "<b>\"'&"
ESCAPED = "&lt;b&gt;&#34;&#39;&amp;"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("table", ([HOSTILE], [[HOSTILE, HOSTILE]], HOSTILE, HOSTILE)),
        ("section", (HOSTILE, HOSTILE)),
        ("items", ([HOSTILE],)),
        ("figure", (HOSTILE, HOSTILE)),
        ("image", (HOSTILE, HOSTILE)),
        ("folded", (HOSTILE, HOSTILE, HOSTILE)),
        ("missing", (HOSTILE,)),
        ("with_small_lines", (HOSTILE, [HOSTILE])),
    ],
)
def test_every_element_escapes_the_text_it_is_given(name: str, arguments: tuple[object]) -> None:
    made = macro(name, *arguments)

    assert HOSTILE not in made
    assert ESCAPED in made


def test_markup_is_not_escaped_again() -> None:
    assert macro("items", [Markup("<b>bold</b>")]) == "<ul><li><b>bold</b></li></ul>"


def test_a_page_without_one_of_its_values_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="answer"):
        render("trust_page.html")


def test_a_number_has_a_true_minus() -> None:
    assert decimals(-0.12345) == "−0.123"
    assert decimals(0.5, 1, signed=True) == "+0.5"
