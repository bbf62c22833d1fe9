"""The cover: what tells printouts apart is served, escaped, and stored nowhere."""

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from syntrust_gateway.experiments.answers.cover import Cover, add_cover

PAGE = (
    "<!doctype html>\n<html><head>\n<title>SynTrust report</title>\n<style>p{}</style>\n</head>\n"
    "<body>\n<main>\n<header><h1>SynTrust report</h1></header>α\n</main>\n</body></html>\n"
).encode()
HOSTILE = '</style></title><script>alert("x")</script>\\"; } * { display: none } /*\n&amp;'


def cover(title: str | None = "Sweep", dataset: str | None = "BraTS 2021") -> Cover:
    return Cover(title, "0198-e", datetime(2026, 11, 30, 21, 5, tzinfo=UTC), dataset)


class Read(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_cover_names_experiment_date_and_dataset() -> None:
    text = Read(add_cover(PAGE, cover())).text

    for name in ("Sweep", "0198-e", "2026-11-30 21:05 UTC", "BraTS 2021"):
        assert name in text
    assert "Sweep · SynTrust report · 0198-e" in text


def test_the_running_header_of_print_names_them_on_every_page() -> None:
    served = add_cover(PAGE, cover()).decode()

    style = served[served.index("@page") : served.index("</head>")]
    assert r'content: "Sweep\a dataset: BraTS 2021"' in style
    assert r'content: "experiment 0198-e\a 2026-11-30 21:05 UTC"' in style


def test_the_rest_of_the_page_stays_as_it_is_stored() -> None:
    served = add_cover(PAGE, cover()).decode()

    assert served.endswith(PAGE.decode().partition("<main>")[2])
    assert "<style>p{}</style>" in served


@pytest.mark.parametrize("hostile", [cover(title=HOSTILE), cover(dataset=HOSTILE)])
def test_no_name_adds_an_element_or_ends_a_style(hostile: Cover) -> None:
    plain, served = Read(add_cover(PAGE, cover())), Read(add_cover(PAGE, hostile))

    assert served.tags == plain.tags
    style = add_cover(PAGE, hostile).decode().partition("</head>")[0].rpartition("<style>")[2]
    assert style.count("</style>") == 1
    assert "alert" not in style.replace(r"\3c script\3e alert", "")
    assert style.count("{") == style.count("}") == 8


def test_a_name_is_text_and_no_pattern_of_the_replacement() -> None:
    assert r"\g<0> \1" in Read(add_cover(PAGE, cover(title=r"\g<0> \1"))).text


def test_what_has_no_name_is_said_to_have_none() -> None:
    text = Read(add_cover(PAGE, cover(title=None, dataset=None))).text

    assert "Unnamed experiment" in text
    assert "deleted" in text


def test_long_names_leave_room_in_the_running_header_which_has_two_lines() -> None:
    served = add_cover(PAGE, cover(title="x" * 200, dataset="y\n" * 99)).decode()

    assert f'content: "{"x" * 59}' in served
    assert served.partition("</head>")[0].count(r"\a ") == 2
    assert "x" * 200 in Read(served.encode()).text
