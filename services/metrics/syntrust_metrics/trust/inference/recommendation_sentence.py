"""The recommendation in words: one sentence that answers, and one for each region.

A word is as strong as its test. Nothing is recommended from fewer than three trainings, and what
was not shown is called "no evidence", which is no finding of harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from syntrust_metrics.trust.inference.margin_tests import MIN_VERDICT_CASES
from syntrust_metrics.trust.inference.recommendation_bounds import WHOLE_LOSS, rate_of_unseen
from syntrust_metrics.trust.inference.recommendation_planning import MAX_CASES, MAX_SEEDS, POWER
from syntrust_metrics.trust.inference.trend import MIN_SEEDS
from syntrust_metrics.trust.schema.recommendation import (
    LossReason,
    Needed,
    Recommendation,
    RegionRecommendation,
    ShareTest,
)

NOTHING: Final = "No evidence for any share of synthetic training images"
UNSEEN: Final[LossReason] = "failures too rare to be seen"
SHORT: Final = f"This is no recommendation: that takes {MIN_SEEDS} trainings."
REASONS: Final[Mapping[LossReason, str]] = {
    "fewer than 10 cases": "fewer than 10 test cases allow no test",
    "fewer than 50 cases": f"it takes {MIN_VERDICT_CASES} test cases",
    "the bound lies beyond the margin": "a loss of the margin is not excluded",
    "rare large failures": "three more failures of the largest size seen would reach the margin",
    UNSEEN: "so few cases can miss failures that would reach the margin",
}


def write_sentence(found: Recommendation, noun: str) -> str:
    """Answer: how much synthetic data, on what evidence, at which margin and level."""
    if found["reason"] is not None:
        return f"{NOTHING}: {found['reason']}."
    if found["cases"] < MIN_VERDICT_CASES:
        enough = _count(MIN_VERDICT_CASES, noun)
        few = f"{NOTHING}: it takes at least {enough}, not {found['cases']}."
        return " ".join([few, *_say_what_decides(found)])
    if found["all_regions"]["alpha"] is None:
        stop = [_describe_stop(found, noun), *_say_what_is_missed(found, noun)]
        return f"{_name_regions_that_pass(found)}. {' '.join([*stop, *_say_what_decides(found)])}"
    share = name_share(found["all_regions"]["alpha"])
    shown = f"{_name_evidence(found, noun)} exclude {_name_loss(found)} in every region"
    shown = f"{shown} {_name_level(found)}."
    if found["all_regions"]["kind"] == "recommendation":
        return f"Recommended: up to {share} synthetic training images. {shown}"
    return (
        f"For these trained models alone: up to {share} synthetic training images. {shown} {SHORT}"
    )


def write_details(found: Recommendation) -> list[str]:
    """Say for each region how far it goes, what stopped it and what would decide."""
    return [
        f"{region}: {_describe_region(each, found['seeds'])}"
        for region, each in found["regions"].items()
        if each["tests"]
    ]


def name_share(alpha: float) -> str:
    """Name the share of synthetic images of an α as a percentage."""
    return f"{100 * (1 - alpha):.3g}%"


def _name_regions_that_pass(found: Recommendation) -> str:
    """Begin the sentence where there is no share for every region."""
    alone: dict[str, list[str]] = {}
    for region, each in found["regions"].items():
        if each["alpha"] is not None:
            alone.setdefault(name_share(each["alpha"]), []).append(region)
    if not alone:
        return NOTHING
    models = "" if found["seeds"] >= MIN_SEEDS else ", for these trained models"
    allowed = [f"{_join(regions)} alone up to {share}" for share, regions in alone.items()]
    return f"No evidence for a share that every region allows; {_join(allowed)}{models}"


def _describe_stop(found: Recommendation, noun: str) -> str:
    """Say what the cases show at the first share that not every region passed."""
    stops = found["all_regions"]
    worse = _list_harmed(found)
    open_ = [region for region in stops["stopped_by"] if region not in worse]
    does = [f"show {_name_loss(found)} in {_join(worse)}"] if worse else []
    does += (
        [f"do not exclude {'it' if worse else _name_loss(found)} in {_join(open_)}"]
        if open_
        else []
    )
    share = "" if stops["stopped_at"] is None else name_share(stops["stopped_at"])
    return (
        f"At {share} synthetic images, {_name_evidence(found, noun)} {' and '.join(does)} "
        f"{_name_level(found)}."
    )


def _list_harmed(found: Recommendation) -> list[str]:
    """Give the regions in which the first share that not all passed is shown to do harm."""
    return [
        region
        for region in found["all_regions"]["stopped_by"]
        if found["regions"][region]["tests"][-1]["verdict"] == "worse"
    ]


def _say_what_is_missed(found: Recommendation, noun: str) -> Iterator[str]:
    """Say which failures so few cases can miss, where nothing else withholds the share."""
    last = [found["regions"][region]["tests"][-1] for region in found["all_regions"]["stopped_by"]]
    fewest = min((test["cases"] for test in last if test["reason"] == UNSEEN), default=None)
    if fewest is not None:
        rate = rate_of_unseen(fewest)
        lost = f"a mean loss of {WHOLE_LOSS * rate:.3f} Dice"
        yield f"{_count(fewest, noun)} can miss failures of up to {rate:.1%} of all cases, {lost}."


def _say_what_decides(found: Recommendation) -> Iterator[str]:
    """Say what would decide in every region that is undecided; nothing where harm is shown."""
    stopped = {region: found["regions"][region] for region in found["all_regions"]["stopped_by"]}
    open_ = {r: each["needed"] for r, each in stopped.items() if each["needed"] is not None}
    if _list_harmed(found) or not open_:
        return
    if hopeless := [region for region, needed in open_.items() if needed["cases"] is None]:
        yield _describe_hopeless(f" in {_join(hopeless)}")
    else:
        cases = min(each["tests"][-1]["cases"] for each in stopped.values())
        where = f" in each of {_join(list(open_))}" if len(open_) > 1 else ""
        yield _describe_needed(_cover(list(open_.values())), cases, found["seeds"], where)
    if found["seeds"] < MIN_SEEDS:
        yield f"A recommendation also takes {MIN_SEEDS} trainings."


def _cover(needed: Sequence[Needed]) -> Needed:
    """Give what is enough for each of several: the power falls with neither cases nor seeds."""
    first, *rest = needed
    covered = first
    for each in rest:
        covered = {
            "cases": max(covered["cases"] or 0, each["cases"] or 0),
            "seeds": max(covered["seeds"] or 0, each["seeds"] or 0),
            "power": min(covered["power"] or 0, each["power"] or 0),
            "spread": covered["spread"],
        }
    return covered


def _describe_region(found: RegionRecommendation, seeds: int) -> str:
    reached = "no share" if found["alpha"] is None else f"up to {name_share(found['alpha'])}"
    if found["stopped_at"] is None:
        return f"{reached}, the largest share that was tested."
    last = found["tests"][-1]
    said = f"{reached}. At {name_share(last['alpha'])} {_describe_test(last)}."
    needed = found["needed"]
    return said if needed is None else f"{said} {_describe_needed(needed, last['cases'], seeds)}"


def _describe_test(test: ShareTest) -> str:
    reason = "" if test["reason"] is None else REASONS[test["reason"]]
    if test["difference"] is None or test["low"] is None or test["high"] is None:
        return reason
    difference = f"the mean difference is {_signed(test['difference'])}"
    if test["verdict"] == "worse":
        return f"harm is shown: {difference}, {_signed(test['high'])} at best"
    return f"{difference}, {_signed(test['low'])} at worst: {reason}"


def _describe_needed(needed: Needed, cases: int, seeds: int, where: str = "") -> str:
    """Say what would decide; with what there is, or more of it. `where` names the regions."""
    if needed["cases"] is None or needed["seeds"] is None or needed["power"] is None:
        return _describe_hopeless()
    power = f"at least {POWER:.0%}" if where else f"{needed['power']:.0%}"
    chance = f"no harm{where} with a chance of {power}"
    alone = needed["seeds"] < MIN_SEEDS
    if (needed["cases"], needed["seeds"]) == (cases, seeds):
        what = "cases" if alone else "cases and trainings"
        return f"Without any true difference, so many {what} would have shown {chance}."
    trainings = "" if alone else f" and {needed['seeds']} trainings"
    return (
        f"Without any true difference, {needed['cases']} test cases{trainings} would show {chance}."
    )


def _describe_hopeless(where: str = "") -> str:
    return f"Up to {MAX_CASES:,} test cases and {MAX_SEEDS} trainings would not decide it{where}."


def _name_evidence(found: Recommendation, noun: str) -> str:
    cases = _count(found["cases"], noun)
    return cases if found["seeds"] < MIN_SEEDS else f"{cases} and {found['seeds']} trainings"


def _name_loss(found: Recommendation) -> str:
    return (
        f"a mean loss of {found['margin']:g} Dice or more against training without synthetic images"
    )


def _name_level(found: Recommendation) -> str:
    return f"(one-sided level {found['level']:.0%})"


def _count(cases: int, noun: str) -> str:
    return f"{cases} {noun}" if cases == 1 else f"{cases} {noun}s"


def _signed(value: float) -> str:
    return f"{value:+z.3f}".replace("-", "−")


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
