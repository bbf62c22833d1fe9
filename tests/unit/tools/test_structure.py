"""The measuring of a checkout, on small ones made up for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tools.structure.__main__ import main
from tools.structure.figures import Figures, measure, missed
from tools.structure.functions import functions_of, percentile
from tools.structure.sources import Package, Source, read_packages

Checkout = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Write the modules of a distribution `one`, whose package is `one` as well."""

    def write(modules: Mapping[str, str]) -> Path:
        for name, text in {"__init__.py": "", **modules}.items():
            path = tmp_path / "one" / "one" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (tmp_path / "one" / "pyproject.toml").touch()
        (tmp_path / "pyproject.toml").touch()
        return tmp_path

    return write


@pytest.fixture
def figures(checkout: Checkout) -> Callable[[Mapping[str, str]], Figures]:
    return lambda modules: measure(checkout(modules))


def lengths(text: str) -> dict[str, int]:
    source = Source(Path("m.py"), "m.py", "m", text)
    return {each.name: each.length for each in functions_of(source)}


def typed(text: str) -> list[bool]:
    return [each.typed for each in functions_of(Source(Path("m.py"), "m.py", "m", text))]


def names(packages: list[Package]) -> list[tuple[str, bool]]:
    return [(each.name, each.product) for each in packages]


def test_a_length_counts_neither_decorator_docstring_comment_nor_blank_line() -> None:
    text = (
        '@cache\ndef f(\n    a: int,\n) -> int:\n    """One.\n\n    Two.\n    """\n'
        "    # why\n\n    return a  # so\n"
    )

    assert lengths(text) == {"f": 4}


def test_a_string_that_is_a_value_counts_with_all_its_lines() -> None:
    assert lengths('def f():\n    return """a\n\n# b\n"""\n') == {"f": 5}


def test_an_inner_function_counts_for_itself_and_in_the_outer_one() -> None:
    text = "class C:\n    def f(self):\n        def g():\n            return 1\n        return g\n"

    assert lengths(text) == {"C.f": 4, "C.f.g": 2}


def test_a_function_is_typed_if_all_but_self_has_a_type() -> None:
    assert typed("class C:\n    def f(self, a: int, *b: int, c: int = 1) -> None: ...\n") == [True]
    assert typed("def f(a): ...\ndef g(*a) -> None: ...\ndef h(self) -> None: ...\n") == [False] * 3


def test_a_percentile_is_a_length_that_occurs() -> None:
    assert percentile([1, 2, 3, 10], 0.5) == 2
    assert percentile([1, 2, 3, 10], 0.99) == 10
    assert percentile([], 0.5) == 0


def test_packages_are_found_beside_a_project_file_and_in_src(checkout: Checkout) -> None:
    root = checkout({})
    for made in ("two/src/two/__init__.py", "tests/test_one.py", "build/x/x/__init__.py"):
        (root / made).parent.mkdir(parents=True)
        (root / made).touch()
    (root / "two" / "pyproject.toml").touch()
    (root / "build" / "x" / "pyproject.toml").touch()

    packages = read_packages(root)

    assert names(packages) == [("one", True), ("two", True), ("tests", False)]
    assert packages[1].sources[0].module == "two"


def test_data_brought_in_for_tests_is_not_measured(checkout: Checkout) -> None:
    root = checkout({})
    (root / "tests" / "data").mkdir(parents=True)
    (root / "tests" / "data" / "given.py").touch()

    assert read_packages(root)[1].sources == ()


def test_modules_that_import_each_other_are_a_circle(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    found = figures(
        {"a.py": "import one.b\n", "b.py": "from .c import x\n", "c.py": "from one import a\n"}
    )

    assert found.module_circles == [["one.a", "one.b", "one.c"]]


def test_an_import_that_does_not_run_at_loading_makes_no_circle(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    found = figures(
        {
            "a.py": "from one import b\n",
            "b.py": (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from one import a\n"
                "def f():\n    from one import a\n"
            ),
        }
    )

    assert found.module_circles == []


def test_folders_may_be_in_a_circle_though_no_module_is(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    found = figures(
        {
            "left/a.py": "import one.right.a\n",
            "left/b.py": "",
            "right/a.py": "",
            "right/b.py": "from one.left import b\n",
        }
    )

    assert found.module_circles == []
    assert found.folder_circles == [["one.left", "one.right"]]


SIX = "".join(f"x{index} = {index}\n" for index in range(6))


def test_six_equal_lines_are_a_duplicate_whatever_stands_between_them(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    spread = SIX.replace("x3", "# why\n\n    \nx3")

    (found,) = figures({"a.py": SIX, "b.py": f"import os\n{spread}y = 1\n"}).duplicates

    assert (found.first, found.second) == ("one/one/a.py:1-6", "one/one/b.py:2-10")
    assert found.length == 6


def test_lines_of_the_same_shape_with_another_name_are_no_duplicate(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    assert figures({"a.py": SIX, "b.py": SIX.replace("x5", "y5")}).duplicates == []


def test_a_longer_run_is_one_duplicate(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    (found,) = figures({"a.py": SIX + "y = 1\n", "b.py": SIX + "y = 1\n"}).duplicates

    assert found.length == 7


def test_every_missed_target_is_told_in_a_sentence(
    figures: Callable[[Mapping[str, str]], Figures],
) -> None:
    long = "def f():\n" + "    a = 1\n" * 40
    many = {f"folder/m{index}.py": "" for index in range(16)}

    told = list(missed(figures({"a.py": long, "b.py": "# \n" * 401, **many})))

    assert told == [
        "The median function of products has 41 lines, not 7.",
        "The p99 function of products has 41 lines, not 35.",
        "one/one/b.py has 401 lines, more than 400.",
        "one/one/folder has 16 files, more than 15.",
        "one/one/a.py:1 f is not fully typed.",
        *[each for each in told if "hold the same" in each],
    ]


def test_the_check_fails_only_where_a_target_is_missed(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    root = checkout({"a.py": "def f() -> int:\n    return 1\n"})

    assert main(["--root", str(root), "--check"]) == 0
    checkout({"b.py": "def f(a):\n    return 1\n"})
    assert main(["--root", str(root), "--check"]) == 1
    assert "one/one/b.py:1 f is not fully typed." in capsys.readouterr().err


def test_the_figures_are_printed_as_a_table_or_as_json(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    root = checkout({"a.py": "def f() -> int:\n    return 1\n"})

    main(["--root", str(root)])
    table = capsys.readouterr().out
    main(["--root", str(root), "--json"])

    assert "100.0 %" in table
    assert json.loads(capsys.readouterr().out)["products"]["functions"] == 1
