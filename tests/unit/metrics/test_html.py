"""The HTML layer of trust page and report: what enters is escaped, what is markup stays."""

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from syntrust_metrics.html import _environment, decimals, render

HOSTILE = "<b>\"'&"
ESCAPED = "&lt;b&gt;&#34;&#39;&amp;"


def write(template: str, **values: object) -> str:
    """Fill a template that has the shared macros as `m`."""
    shared = '{% import "macros.html" as m %}'
    return _environment().from_string(shared + template).render(values)


@pytest.mark.parametrize(
    "template",
    [
        "{{ m.table([text], [[text, text]], text, text) }}",
        "{% call m.section(text) %}{{ text }}{% endcall %}",
        "{{ m.items([text]) }}",
        "{{ m.figure(text, text) }}",
        "{{ m.image(text, text) }}",
        "{% call m.folded(text, text) %}{{ text }}{% endcall %}",
        "{{ m.missing(text) }}",
        "{{ m.with_small_lines(text, [text]) }}",
    ],
)
def test_every_element_escapes_the_text_it_is_given(template: str) -> None:
    made = write(template, text=HOSTILE)

    assert HOSTILE not in made
    assert ESCAPED in made


def test_markup_is_not_escaped_again() -> None:
    made = write("{{ m.items([text]) }}", text=Markup("<b>bold</b>"))

    assert made == "<ul><li><b>bold</b></li></ul>"


def test_a_page_without_one_of_its_values_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="answer"):
        render("trust_page.html")


def test_a_number_has_a_true_minus() -> None:
    assert decimals(-0.12345) == "−0.123"
    assert decimals(0.5, 1, signed=True) == "+0.5"
