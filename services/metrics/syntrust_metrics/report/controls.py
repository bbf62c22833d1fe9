"""Say what the control arms show: a table of them, and a sentence on each with its direction.

The sentences rest on `versus_mix` and `versus_real` alone, in the words of the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from syntrust_metrics.experiment.schema import ControlArm, ShownResults
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.report.cells import (
    Cell,
    Evidence,
    Row,
    Sentence,
    Table,
    estimate_cell,
    format_bounds,
    format_number,
    format_signed,
)
from syntrust_metrics.report.prose import list_warnings
from syntrust_metrics.report.verdicts import Kind, join_words, judge_against_real

Versus = Literal["versus_real", "versus_mix"]


@dataclass(frozen=True)
class Meaning:
    """What a control is, what it is compared with, and what its direction says."""

    title: str
    what: str
    versus: Versus
    direction: str


MEANINGS: Final[Mapping[str, Meaning]] = {
    "real_only": Meaning(
        "Real images alone",
        "the mix without its twins, every real image seen as often as in the mix, so in fewer "
        "iterations",
        "versus_mix",
        "worse than the mix means that its twins add something, if only further training",
    ),
    "augmentation_only": Meaning(
        "Augmentation instead of twins",
        "the real images of the mix alone, in as many iterations, so that more augmented views of "
        "them take the place of the twins",
        "versus_mix",
        "worse than the mix means that twins teach more than classical augmentation does",
    ),
    "real_plus_twins": Meaning(
        "Real images and their twins",
        "every training case as both, in as many iterations",
        "versus_real",
        "better than real data alone means that twins are worth adding even to every real image",
    ),
    "shuffled_masks": Meaning(
        "Twins with the masks of others",
        "the mix with the label maps dealt out anew among its twins, none its own; the negative "
        "control",
        "versus_mix",
        "it must be worse than the mix, and T1 on real images must fall as α falls; where that "
        "does not show, no other number here says anything about the twins",
    ),
}
OTHERS: Final[Mapping[Versus, str]] = {"versus_mix": "the mix", "versus_real": "real data alone"}
OUTCOMES: Final[Mapping[Kind, str]] = {
    "worse": "worse than {}",
    "better": "better than {}",
    "equivalent": "equivalent to {}",
    "not worse": "not worse than {}",
    "undecided": "undecided against {}",
}


@dataclass(frozen=True)
class ControlView:
    """What the page shows of controls, in its order."""

    sentences: Sequence[Sentence]
    table: Table
    warnings: Sequence[str]


def build_control_view(results: ShownResults, wording: Wording = PATIENTS) -> ControlView | None:
    """Give the controls with what they show; None where none were asked for."""
    arms: Sequence[ControlArm] = results["controls"]
    if not arms:
        return None
    return ControlView(
        sentences=[
            Sentence(wording.adapt(describe_control(name, _select(arms, name))), [_point_at(name)])
            for name in MEANINGS
            if _select(arms, name)
        ],
        table=build_control_table(arms, wording),
        warnings=[wording.adapt(each) for each in _list_new_warnings(results)],
    )


def _point_at(control: str) -> Evidence:
    return Evidence(f"control-{control}", "table")


def _select(arms: Iterable[ControlArm], name: str) -> list[ControlArm]:
    return [arm for arm in arms if arm["control"] == name]


def describe_control(name: str, arms: Sequence[ControlArm]) -> str:
    """Say of one control what it is, what was found, and what its direction means."""
    meaning = MEANINGS[name]
    found = [_describe_outcome(arms, meaning.versus)]
    found += [_describe_fall(arms)] if name == "shuffled_masks" else []
    said = "; ".join(each for each in found if each)
    return f"{meaning.title} ({meaning.what}): {said}. Direction: {meaning.direction}."


def _describe_outcome(arms: Sequence[ControlArm], versus: Versus) -> str:
    """Say what the comparison gave, with the α of one outcome together."""
    compared = [(arm, found) for arm in arms if (found := arm[versus]) is not None]
    if not compared:
        return f"not compared with {OTHERS[versus]}"
    kinds = {_format_alpha(arm): judge_against_real(found["overall"]) for arm, found in compared}
    clauses = []
    for kind, words in OUTCOMES.items():
        places = [place for place, own in kinds.items() if own == kind]
        if places:
            clauses.append(f"{words.format(OTHERS[versus])}{_describe_places(places)}")
    return ", ".join(clauses)


def _format_alpha(arm: ControlArm) -> str:
    return "" if arm["alpha"] is None else f"{arm['alpha']:g}"


def _describe_places(alphas: Sequence[str]) -> str:
    return f" at α = {join_words(alphas)}" if all(alphas) else ""


def _describe_fall(arms: Sequence[ControlArm]) -> str:
    """Give T1 on real images from the highest α down."""
    estimates = [
        (_format_alpha(arm), arm["trust"]["factors"]["t1"]["real"]) for arm in arms if arm["trust"]
    ]
    if not estimates:
        return ""
    values = [
        f"{format_number(estimate['value'])} at α = {alpha}"
        for alpha, estimate in reversed(estimates)
    ]
    return f"T1 on real images {join_words(values)}"


def build_control_table(arms: Sequence[ControlArm], wording: Wording = PATIENTS) -> Table:
    """Give every control arm: what it was trained on, T1 on both test sets, the comparisons."""
    head = [
        "control",
        "images",
        "iterations",
        "T1 real ↑",
        "T1 synthetic ↑",
        "Dice less that of the mix",
        "Dice less that of α = 1",
    ]
    caption = (
        "Differences are of mean Dice on real images, above 0 where the control is better, with "
        "their 90% intervals; n is cases × trainings."
    )
    firsts = {arm["control"]: arm for arm in reversed(arms)}
    rows = [_build_row(arm, wording, is_first=arm is firsts[arm["control"]]) for arm in arms]
    titles = [wording.adapt(title) for title in head]
    return Table(titles, rows, caption=wording.adapt(caption), kind="factors")


def _build_row(arm: ControlArm, wording: Wording, *, is_first: bool) -> Row:
    alpha = "" if arm["alpha"] is None else f", α = {arm['alpha']:g}"
    anchor = _point_at(arm["control"]).anchor if is_first else ""
    name = Cell(f"{wording.adapt(MEANINGS[arm['control']].title)}{alpha}", anchor=anchor)
    mix = arm["mix"]
    if arm["trust"] is None or mix is None:
        undefined = Cell(wording.adapt(f"undefined: {arm['reason']}"), kind="missing")
        return [name, undefined, *([""] * 5)]
    t1 = arm["trust"]["factors"]["t1"]
    return [
        name,
        f"{mix['n_real']} {wording.real}, {mix['n_synthetic']} twins",
        arm["iterations"] or 0,
        estimate_cell(t1["real"]),
        estimate_cell(t1["synthetic"]),
        _difference_cell(arm, "versus_mix", arm["alpha"]),
        _difference_cell(arm, "versus_real", 1.0),
    ]


def _difference_cell(arm: ControlArm, versus: Versus, other: float | None) -> Cell:
    found = arm[versus]
    if found is None:
        mix = arm["mix"]
        same = mix is not None and other in mix["same_as"]
        return Cell("the same trainings" if same else "none", kind="missing")
    overall = found["overall"]
    interval = format_bounds(overall["ci90"]) if overall["ci90"] else "no interval"
    pairs = f"n = {found['cases']} × {found['seeds']}"
    return Cell(format_signed(overall["difference"]), [interval, pairs])


def _list_new_warnings(results: ShownResults) -> list[str]:
    """List the warnings that a control has and no mix has."""
    known = {detail for entry in results["alphas"] for detail in list_warnings(entry)}
    arms = [arm for arm in results["controls"] if arm["trust"] is not None]
    more = [
        f"{MEANINGS[arm['control']].title}{_describe_places([_format_alpha(arm)])}: {detail}"
        for arm in arms
        for detail in list_warnings(arm)
        if detail not in known
    ]
    return list(dict.fromkeys(more))
