"""What a `tune` command prints: a table and a sentence, JSON, or the line of an env file."""

from __future__ import annotations

from typing import Literal

from syntrust_core.precision.tuning import SHARE, Timing, Tuning

Form = Literal["text", "json", "env"]


def choose_form(*, json: bool, env: bool) -> Form:
    """Choose what is printed; the shortest of what was asked for."""
    return "env" if env else "json" if json else "text"


def show(tuning: Tuning, form: Form = "text") -> str:
    """Show what was measured and chosen."""
    if form == "env":
        return tuning.variable
    if form == "json":
        return tuning.model_dump_json()
    return f"{show_table(tuning)}\nTo keep the choice, set {tuning.variable}"


def show_table(tuning: Tuning) -> str:
    """Show what was measured, the rule and the choice."""
    head = f"{tuning.threads} threads, {tuning.device}; medians of interleaved runs"
    rows = (describe(timing) for timing in tuning.timings)
    rule = f"A precision is chosen if it takes at most {SHARE:g} of float32's time in each"
    return "\n".join((head, *rows, f"{rule}: {tuning.precision}."))


def describe(timing: Timing) -> str:
    """Put a timing into one line."""
    reference = timing.reference
    others = (
        f"{name} {seconds:.3f} s ({timing.ratio(name):.2f})"
        for name, seconds in timing.seconds.items()
        if name != reference
    )
    first = f"{reference} {timing.seconds[reference]:.3f} s"
    return f"  {timing.work}: {', '.join((first, *others))}; runs: {timing.rounds}"
