"""Results as tables for a terminal: factors over α, with intervals, directions and warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from syntrust.api_types import (
    Arm,
    ControlArm,
    CostBody,
    Equivalence,
    EquivalenceTest,
    KindCost,
    MissingArm,
    MissingParts,
    Score,
    TrustAnswer,
)
from syntrust.bodies import AnyResults, is_partial
from syntrust.cli.printing.output import print_rows
from syntrust.cli.printing.recommendation import print_recommendation
from syntrust.cli.printing.wording import REAL, name_originals

AnyEstimate = Mapping[str, Any]
RESEARCH_USE = "For research use only: no part of this is a medical device or a clinical result."
SEEDS_NOT_HELD = (
    "Intervals of T2, T3, T5 and the score hold the cases alone and not the spread over trainings: "
    "these results were computed by an earlier release."
)
_LABEL_WIDTH, _CELL_WIDTH = len("  synthetic NCR "), len("0.600 [0.500, 0.700]")
_FEW, _VERY_FEW = 50, 10
_FACTORS: Final[Mapping[Literal["t1", "t2", "t3", "t4", "t5"], tuple[str, str]]] = {
    "t1": ("T1 mean Dice", "higher is better"),
    "t2": ("T2 consistency over cases", "higher is better"),
    "t3": ("T3 cosine similarity", "higher is better"),
    "t4": ("T4 mean |{real} - synthetic|", "lower is better"),
    "t5": ("T5 coefficient of variation", "lower is better"),
}
_SETS: Final = ("real", "synthetic")
_PARTS: Final = {
    "s0": "mean Dice on the weaker test set",
    "s1": "closeness of mean Dice on both test sets",
    "s2": "consistency over cases",
    "s3": "agreement case by case",
    "s4": "smallness of the difference case by case",
    "s5": "closeness of the coefficient of variation on both test sets",
}


def print_results(console: Console, results: AnyResults) -> None:
    """The recommendation, the trust factors over α, and what a reader must know about them."""
    print_recommendation(console, results)
    alphas = _keep(results["alphas"])
    trusts = [entry["trust"] for entry in alphas]
    real = name_originals(results)
    heads = [f"α = {entry['alpha']:g}\n{_mix(entry, real)}" for entry in alphas]
    print_factors(console, heads, trusts, real)
    _print_controls(console, results["controls"], real)
    _print_notes(console, trusts, real)
    unseen = results["unseen"]
    for warning in unseen["warnings"] if unseen else ():
        console.print(f"[yellow]note:[/] {escape(warning['detail'])}", soft_wrap=True)
    if is_partial(results):
        _print_missing(console, results["missing"])


def _keep(arms: Sequence[Arm | MissingArm]) -> list[Arm]:
    return [arm for arm in arms if arm["trust"] is not None]


def _print_missing(console: Console, missing: MissingParts) -> None:
    console.print("[bold red]Partial results.[/] Steps have failed, and these are missing:")
    for lost in missing["trainings"]:
        alpha = "" if lost["alpha"] is None else f" α = {lost['alpha']:g},"
        name = f"{lost['control'] or 'mix'}{alpha} training seed {lost['seed']}"
        console.print(f"  {escape(name)}: {escape(lost['reason'])}", soft_wrap=True)
    for twin in missing["twins"]:
        console.print(
            f"  twins of {escape(twin['case'])}: {escape(twin['reason'])}", soft_wrap=True
        )
    if missing["second_twins"] is not None:
        console.print(f"  second twins: {escape(missing['second_twins'])}", soft_wrap=True)


def print_trust(console: Console, trust: TrustAnswer) -> None:
    """The trust factors of one scoring, whether both sets are equivalent, and the score."""
    print_factors(console, [f"{trust['cases']} cases"], [trust])
    _print_equivalence(console, trust["equivalence"])
    _print_score(console, trust["score"])
    _print_notes(console, [trust])


def _mix(entry: Arm, real: str) -> str:
    mix = entry["mix"]
    return f"{mix['n_real']} {real} + {mix['n_synthetic']} twins"


def print_factors(
    console: Console, heads: Sequence[str], trusts: Sequence[Mapping[str, Any]], real: str = REAL
) -> None:
    """As many columns side by side as the terminal holds, the others below.

    `real` is what the images are called that no generator drew.
    """
    width = max(_CELL_WIDTH, *map(len, _every_cell(trusts)))
    fit = max(1, (console.width - _LABEL_WIDTH) // (width + 1))
    for start in range(0, len(heads), fit):
        part = trusts[start : start + fit]
        head = _rows([("", heads[start : start + fit])], width, style="bold")
        console.print(head, soft_wrap=False)
        spread = ", sd over trainings" if _has_spread(part[0]) else ""
        for factor, (name, direction) in _FACTORS.items():
            title = f"[bold]{name.format(real=real)}[/]"
            console.print(f"{title} [dim]({direction}; value and interval{spread})[/]")
            rows = (
                (
                    "  " + " ".join(real if name == REAL else name for name in path),
                    [cell(_at(trust["factors"][factor], path)) for trust in part],
                )
                for path in find_paths(part[0]["factors"][factor])
            )
            console.print(_rows(rows, width), soft_wrap=False)
        console.print()


def _every_cell(trusts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for trust in trusts:
        for factor in _FACTORS:
            for path in find_paths(trust["factors"][factor]):
                yield cell(_at(trust["factors"][factor], path)).replace("\\[", "[")


def _print_controls(console: Console, controls: Sequence[ControlArm], real: str) -> None:
    """T1 on real images of each control arm, to be read beside the row T1 of the mixes."""
    if not controls:
        return
    console.print(f"[bold]Controls: T1 mean Dice on {real} images[/] [dim](higher is better)[/]")
    table = Table.grid(padding=(0, 2, 0, 0))
    for arm in controls:
        alpha = "" if arm["alpha"] is None else f"α = {arm['alpha']:g}"
        table.add_row(f"  {arm['control']}", alpha, _control(arm))
    console.print(table, soft_wrap=False)
    console.print()


def _control(arm: ControlArm) -> str:
    mix = arm["mix"]
    if arm["trust"] is None or mix is None:
        return escape(f"undefined: {arm['reason']}")
    same = " (the mix itself)" if mix["same_as"] else ""
    return cell(arm["trust"]["factors"]["t1"]["real"]) + same


def _print_equivalence(console: Console, equivalence: Equivalence) -> None:
    """A verdict per region; undecided is not a finding of no difference."""
    margin = f"margin {equivalence['margin']:g}; real - synthetic, 90 % interval"
    console.print(f"[bold]Equivalence of both test sets[/] [dim]({margin})[/]")
    found = [*equivalence["regions"].items(), ("all regions", equivalence["overall"])]
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, each in found:
        table.add_row(f"  {name}", _verdict(each["verdict"]), _difference(each), each["reason"])
    table.add_row("  every region", *_every_region(equivalence))
    console.print(table, soft_wrap=False)
    console.print()


def _verdict(verdict: str) -> str:
    return "undecided" if verdict == "inconclusive" else verdict


def _every_region(equivalence: Equivalence) -> tuple[str, str]:
    """The verdict on all regions, and which of them differ."""
    named = ", ".join(equivalence.get("different_regions") or ())
    if equivalence["every_region"] == "different" and not named:
        # An older answer says so where one region differs.
        return "not every region", ""
    return _verdict(equivalence["every_region"]), f"different: {escape(named)}" if named else ""


def _difference(found: EquivalenceTest) -> str:
    text = cell({"value": found["difference"], "ci": found["ci90"]})
    excludes = found.get("excludes_zero")
    return text if excludes is None else f"{text} {'excludes' if excludes else 'holds'} 0"


def _print_score(console: Console, score: Score) -> None:
    name = f"[bold]Score {score['definition']}[/]"
    weakest = score["weakest"]
    if score["value"] is None or weakest is None:
        console.print(f"{name} undefined: {escape(score['reason'] or '')}")
    else:
        interval = score["ci"]
        bounds = escape(f" [{interval[0]:.1f}, {interval[1]:.1f}]") if interval else ""
        if score.get("bound"):
            bounds = escape(f" ({describe_bound(score, 1)})")
        if (spread := score.get("seed_sd")) is not None:
            bounds += f", sd over trainings {spread:.1f}"
        part = f"{_PARTS[weakest]}, {score['parts'][weakest]:.3f} of 1"
        console.print(f"{name} {score['value']:.1f} of 100{bounds}; weakest part: {part}")
    console.print()


def _rows(rows: Iterable[tuple[str, Sequence[str]]], width: int, *, style: str = "") -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=_LABEL_WIDTH - 1)
    for index, (label, cells) in enumerate(rows):
        for _ in cells if index == 0 else ():
            table.add_column(width=width)
        table.add_row(label, *cells, style=style)
    return table


def find_paths(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Find the paths to the estimates of a factor: by test set, by region, or by both."""
    if "value" in node:
        yield path
        return
    known = [name for name in _SETS if name in node]
    for name in (*known, *sorted(set(node) - set(known))):
        yield from find_paths(node[name], (*path, name))


def _at(node: Mapping[str, Any], path: Iterable[str]) -> AnyEstimate:
    for name in path:
        node = node[name]
    return node


def cell(estimate: AnyEstimate) -> str:
    """Write a value to three digits, with its interval or bound and its spread over trainings."""
    if estimate["value"] is None:
        return "undefined"
    text = f"{estimate['value']:.3f}"
    if interval := estimate.get("ci"):
        text += f" [{interval[0]:.3f}, {interval[1]:.3f}]"
    elif bound := estimate.get("bound"):
        end, value = next(iter(bound.items()))  # there is one
        text += f" [{'≥' if end == 'low' else '≤'} {value:.3f}]"
    if (spread := estimate.get("seed_sd")) is not None:
        text += f" sd {spread:.3f}"
    return escape(text)


def _missing(trust: TrustAnswer, real: str) -> Iterator[str]:
    for factor in _FACTORS:
        for path in find_paths(trust["factors"][factor]):
            estimate = _at(trust["factors"][factor], path)
            name, reason = _name(factor, path, real), estimate.get("reason")
            if estimate["value"] is None:
                yield f"{name} is undefined: {reason}"
            elif reason and not estimate.get("bound") and not reason.startswith("fewer"):
                # Too few cases is said once, among the warnings.
                yield f"{name} has no interval: {reason}"


def _name(factor: str, path: Iterable[str], real: str) -> str:
    return " ".join([factor.upper(), *(real if name == REAL else name for name in path)])


def _open_ends(trusts: Sequence[TrustAnswer], real: str) -> list[str]:
    """Say in words what `≥` and `≤` in the cells mean: of each number, or of many at once."""
    found = [
        (_name(factor, path, real), estimate)
        for trust in trusts
        for factor in _FACTORS
        for path in find_paths(trust["factors"][factor])
        if (estimate := _at(trust["factors"][factor], path)).get("bound")
    ]
    if len(trusts) > 1:
        signs = {"low": "≥ is at least", "high": "≤ is at most"}
        return [f"{signs[next(iter(each['bound']))]}; {each['reason']}." for _, each in found]
    return [f"{name} is {describe_bound(estimate)}." for name, estimate in found]


def describe_bound(estimate: AnyEstimate, digits: int = 3) -> str:
    """Write the one bounded end in words: `at least 0.111; 12 cases give no upper bound`."""
    end, value = next(iter(estimate["bound"].items()))
    side = "at least" if end == "low" else "at most"
    return f"{side} {value:.{digits}f}; {estimate['reason']}"


def _has_spread(trust: Mapping[str, Any]) -> bool:
    t1 = trust["factors"]["t1"]
    return any(_at(t1, path).get("seed_sd") is not None for path in find_paths(t1))


def _not_held(trust: TrustAnswer) -> bool:
    """Whether intervals hold cases alone although there are several trainings (an old answer)."""
    estimates = [
        _at(trust["factors"][factor], path)
        for factor in _FACTORS
        for path in find_paths(trust["factors"][factor])
    ]
    return any(
        each.get("seed_sd") is not None and each.get("scope") == "this trained model"
        for each in estimates
    )


def _print_notes(console: Console, trusts: Sequence[TrustAnswer], real: str = REAL) -> None:
    missing = (line for trust in trusts for line in _missing(trust, real))
    for line in dict.fromkeys([*missing, *_open_ends(trusts, real)]):
        console.print(f"[yellow]note:[/] {escape(line)}", soft_wrap=True)
    for detail in dict.fromkeys(
        warning["detail"] for trust in trusts for warning in trust["warnings"]
    ):
        console.print(f"[yellow]note:[/] {escape(detail)}", soft_wrap=True)
    if sentence := size_note(min(trust["cases"] for trust in trusts)):
        console.print(f"[yellow]note:[/] {sentence}", soft_wrap=True)
    if any(map(_not_held, trusts)):
        console.print(f"[yellow]note:[/] {SEEDS_NOT_HELD}", soft_wrap=True)
    if _one_training(trusts):
        console.print(
            "[yellow]note:[/] Intervals are about these trained models: one training seed says "
            "nothing about the spread between trainings.",
            soft_wrap=True,
        )
    console.print(f"[dim]{RESEARCH_USE}[/]")


def size_note(cases: int) -> str | None:
    """What so many test cases can and cannot show, in words."""
    if cases < _VERY_FEW:
        return (
            f"{cases} test {'case shows' if cases == 1 else 'cases show'} that the platform reads "
            "and computes this data. It cannot show how far synthetic images may be trusted: "
            f"intervals need {_VERY_FEW} cases, and differences between α are noise here."
        )
    if cases < _FEW:
        return (
            f"{cases} test cases give wide intervals: read the factors as a rehearsal, not as "
            "evidence about a hospital's data."
        )
    return None


def _one_training(trusts: Sequence[TrustAnswer]) -> bool:
    scopes = {
        _at(trust["factors"]["t1"], path).get("scope")
        for trust in trusts
        for path in find_paths(trust["factors"]["t1"])
    }
    return scopes == {"this trained model"}


def print_cost(console: Console, cost: CostBody) -> None:
    """The steps of each kind with their bytes and device-hours, or why these are unknown."""
    rows = [
        (kind, str(own["total"]), str(own["done"]), *_measured(own), own["reason"] or "")
        for kind, own in cost["by_kind"].items()
    ]
    print_rows(console, ("kind", "steps", "there already", "bytes", "device-hours", "why"), rows)
    console.print(f"{cost['steps_total']} steps, {cost['steps_done']} of them are there already.")
    for queue, own_queue in cost["by_queue"].items():
        hours = own_queue["device_hours"]
        told = "unknown" if hours is None else f"{hours:.3g} device-hours"
        console.print(f"{queue}: {told}")
    if room := cost.get("room"):
        console.print(escape(room))
    _print_detectable(console, cost)
    console.print("Nothing was accepted.")


def _print_detectable(console: Console, cost: CostBody) -> None:
    """The smallest differences that the test cases and seeds can show."""
    found = cost["detectable"]
    if found is None:
        console.print(escape(cost["detectable_reason"] or ""))
        return
    console.print(
        f"Smallest difference of mean Dice that {found['cases']} test cases and {found['seeds']} "
        f"training seed(s) show with a power of {found['power']:.0%}:"
    )
    rows = [*found["regions"].items(), ("all regions", found["overall"])]
    print_rows(
        console,
        ("region", "not worse than real data alone", "both test sets equal"),
        [(name, _dice(e["non_inferiority"]), _dice(e["equivalence"])) for name, e in rows],
    )
    console.print(escape(found["source"]["detail"]))
    for warning in found["warnings"]:
        console.print(f"[yellow]note:[/] {escape(warning['detail'])}")


def _dice(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _measured(own: KindCost) -> tuple[str, str]:
    size, hours = own["bytes"], own["device_hours"]
    return (
        "unknown" if size is None else f"{size:,}",
        "unknown" if hours is None else f"{hours:.3g}",
    )
