"""What the page of planning shows is what the command prints and the package computes."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from syntrust.cli.planning.printing import print_power
from syntrust_metrics.planning import Plan, Spread, plan_power, use_given, use_published

pytestmark = pytest.mark.numeric

PAGE: Final = (Path(__file__).parents[3] / "docs" / "planning.md").read_text("utf-8")


def test_the_shown_plan_is_what_the_command_prints() -> None:
    target = io.StringIO()
    console = Console(file=target, highlight=False, soft_wrap=True, force_terminal=True, width=150)

    print_power(console, plan_power(Plan(100, 3), use_published()))

    plain = re.sub(r"\x1b\[[0-9;]*m", "", target.getvalue())
    printed = [f"    {line}".rstrip() for line in plain.strip().splitlines()]
    assert "\n".join(["    $ syntrust power --cases 100", *printed]) in PAGE


def test_the_table_of_powers_is_what_the_package_computes() -> None:
    for seeds in (2, 3, 5):
        spread = use_given({"x": Spread(0.08, 0.01, 0.05)})
        powers = [
            plan_power(Plan(cases, seeds, curve=()), spread)["regions"]["x"]["power"]
            for cases in (60, 120, 251, 1000)
        ]

        cells = [">99 %" if 0.995 <= p < 1 else f"{100 * p:.0f} %" for p in powers]
        assert f"| {seeds} | {' | '.join(cells)} |" in PAGE


def test_the_example_prints_what_the_page_says() -> None:
    found = re.search(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(found[1], {})  # noqa: S102 - our own page

    assert printed.getvalue() == found[2]
