"""Plans and comparisons as tables for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from syntrust.api_types import ComparisonAnswer, PairedArm, PowerAnswer, RegionPower
from syntrust.cli.printing.output import print_rows
from syntrust.cli.printing.tables import RESEARCH_USE, cell, print_factors
from syntrust.cli.printing.wording import name_compared

_BAR: Final = 20
_ORIGINS: Final[Mapping[str, str]] = {
    "imported_model": "shipped with the generator",
    "import_model": "imported",
    "train_generator": "trained here",
    "train_segmenter": "trained here",
}
_QUESTIONS: Final[Mapping[str, str]] = {
    "non_inferiority": "Is a synthetic share not worse than real data alone",
    "equivalence": "Do the real and the synthetic test set give the same Dice",
}


def print_power(console: Console, answer: PowerAnswer) -> None:
    """What a design can show by region, and a curve over test cases."""
    question = _QUESTIONS[answer["question"]]
    console.print(
        f"{question}, by a margin of {answer['margin']:g} Dice? "
        f"{answer['cases']} test cases, {answer['seeds']} training seed(s)."
    )
    console.print(escape(answer["spread"]["detail"]))
    console.print()
    target = f"{answer['target_power']:.0%}"
    heads = ("region", "power", f"detectable at {target}", "cases needed", "seeds needed", "why")
    rows = [*answer["regions"].items()]
    if answer["overall"] is not None:
        rows.append(("all regions", answer["overall"]))
    print_rows(console, heads, [_row(name, each) for name, each in rows])
    at_least = answer["every_region"]["power_at_least"]
    console.print(f"Every region at once: at least {_percent(at_least)}.")
    console.print()
    _print_curve(console, answer)
    for warning in answer["warnings"]:
        console.print(f"[yellow]note:[/] {escape(warning['detail'])}")
    console.print(f"[dim]{RESEARCH_USE}[/]")


def _row(name: str, each: RegionPower) -> tuple[str, ...]:
    return (
        name,
        _percent(each["power"]),
        _dice(each["detectable"]),
        _number(each["cases_needed"]),
        _number(each["seeds_needed"]),
        each["reason"] or "",
    )


def _percent(share: float) -> str:
    """Write a share of 1; only a certain one is 100 %."""
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _dice(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f} Dice"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value}"


def _print_curve(console: Console, answer: PowerAnswer) -> None:
    """Draw the power of the region that has the lowest."""
    lowest = min(answer["regions"], key=lambda name: answer["regions"][name]["power"])
    console.print(f"Power over test cases, lowest region ({escape(lowest)}):")
    for point in answer["curve"]:
        power = point["regions"][lowest]["power"]
        bar = "#" * round(_BAR * power)
        console.print(f"{point['cases']:>7}  {_percent(power):>4}  {bar:.<{_BAR}}")
    console.print()


def print_comparison(console: Console, answer: ComparisonAnswer) -> None:
    """Settings that differ, factors side by side at each α, and paired differences."""
    for number, each in enumerate(answer["experiments"], start=1):
        partial = ", partial" if each["partial"] else ""
        name = f" {escape(each['name'])}" if each["name"] else ""
        console.print(f"{number}: {each['id']}{name}, {each['test_cases']} test cases{partial}")
    console.print()
    _print_settings(console, answer)
    real = name_compared(answer)
    for arm in answer["alphas"]:
        _print_arm(console, arm["alpha"], arm["experiments"], real)
    _print_differences(console, answer, real)
    console.print(f"[dim]{RESEARCH_USE}[/]")


def _print_settings(console: Console, answer: ComparisonAnswer) -> None:
    if not answer["settings"]:
        console.print("They do not differ in any setting.")
        console.print()
        return
    heads = ("setting that differs", *(str(n + 1) for n in range(len(answer["experiments"]))))
    rows = [
        (each["setting"], *(_value(each["setting"], value) for value in each["values"]))
        for each in answer["settings"]
    ]
    print_rows(console, heads, rows)
    console.print()


def _value(setting: str, value: object) -> str:
    """Write a value, and where a model comes from in words instead of its stored kind."""
    if not isinstance(value, str):
        return json.dumps(value)
    return _ORIGINS.get(value, value) if setting.endswith("/model/kind") else value


def _print_arm(
    console: Console, alpha: float, found: Sequence[Mapping[str, Any]], real: str
) -> None:
    console.print(f"[bold]α = {alpha:g}[/]")
    there = [(n, each) for n, each in enumerate(found, start=1) if each["factors"] is not None]
    for number, each in enumerate(found, start=1):
        if each["factors"] is None:
            console.print(f"experiment {number}: {escape(each['reason'] or '')}")
    if there:
        heads = [f"experiment {n}" for n, _ in there]
        print_factors(console, heads, [each for _, each in there], real)


def _print_differences(console: Console, answer: ComparisonAnswer, real: str) -> None:
    if not answer["differences"]:
        return
    places = {each["id"]: str(n) for n, each in enumerate(answer["experiments"], start=1)}
    rows = [row for arm in answer["differences"] for row in _difference_rows(arm, places, real)]
    console.print("[bold]Mean paired differences of Dice from the first[/] [dim](95 % interval)[/]")
    print_rows(console, ("experiment", "α", "test set", "region", "difference", "why"), rows)
    console.print()


def _difference_rows(
    arm: PairedArm, places: Mapping[str, str], real: str
) -> Iterator[tuple[str, ...]]:
    head = (places.get(arm["experiment"], arm["experiment"]), f"{arm['alpha']:g}")
    for side, found in ((real, arm["real"]), ("synthetic", arm["synthetic"])):
        if found["regions"] is None or found["overall"] is None:
            yield (*head, side, "", "", found["reason"] or "")
            continue
        for name, each in [*found["regions"].items(), ("all regions", found["overall"])]:
            text = cell(each).replace("\\[", "[")
            yield (*head, side, name, text, each["reason"] or "")
