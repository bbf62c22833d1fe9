"""`syntrust power` and `syntrust compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from syntrust.cli.arguments import STDIN, given, parse_file, parse_ints
from syntrust.cli.planning.printing import print_comparison, print_power
from syntrust.cli.printing.output import JsonOption, make_console, print_json
from syntrust.client import Client
from syntrust.errors import SynTrustError
from syntrust.sending.pilots import read_table

PilotOption = Annotated[
    Path | None,
    typer.Option(
        parser=parse_file,
        metavar="FILE",
        help="Dice of a pilot, as trust-score reads it: CSV or JSON; - reads stdin.",
    ),
]
RealAloneOption = Annotated[
    Path | None,
    typer.Option(
        parser=parse_file,
        metavar="FILE",
        help="The same of models trained on real data alone; non-inferiority needs both files.",
    ),
]
QuestionOption = Annotated[
    Literal["non-inferiority", "equivalence"],
    typer.Option(help="A share not worse than real data alone, or both test sets equal."),
]


def power(
    context: typer.Context,
    *,
    cases: Annotated[int, typer.Option(help="Test cases.")],
    seeds: Annotated[int, typer.Option(help="Training seeds of each model.")] = 3,
    question: QuestionOption = "non-inferiority",
    margin: Annotated[float | None, typer.Option(help="In Dice; 0.03 by default.")] = None,
    level: Annotated[float | None, typer.Option(help="Of each one-sided test; 0.05.")] = None,
    target: Annotated[
        float | None, typer.Option("--power", help="To plan for; 0.8 by default.")
    ] = None,
    difference: Annotated[
        float | None, typer.Option(help="True difference to assume; below 0 it is a loss.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Id of an earlier experiment with its spread.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="The α of the experiment.")] = None,
    pilot: PilotOption = None,
    real_alone: RealAloneOption = None,
    correlation: Annotated[
        float | None, typer.Option(help="Of two models' Dice, for published scores; 0.8.")
    ] = None,
    curve: Annotated[
        str | None, typer.Option(help="Test cases to draw the curve at, as 50,100,200.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What test cases and seeds can show, and how many it takes.

    The spread of differences is that of --experiment or of --pilot, else of published scores.
    """
    spread = _spread(experiment, alpha, pilot, real_alone, correlation)
    settings = given(
        margin=margin,
        level=level,
        power=target,
        difference=difference,
        curve=None if curve is None else parse_ints(curve, "--curve"),
    )
    client: Client = context.obj
    answer = client.power(cases, seeds, spread, question=question.replace("-", "_"), **settings)
    if as_json:
        print_json(answer)
    else:
        print_power(make_console(), answer)


def _spread(
    experiment: str | None,
    alpha: float | None,
    pilot: Path | None,
    real_alone: Path | None,
    correlation: float | None,
) -> dict[str, Any]:
    """Say where the spread comes from; options of another source are refused."""
    if experiment is not None:
        _refuse({"--pilot": pilot, "--real-alone": real_alone, "--correlation": correlation})
        return {"kind": "experiment", "id": experiment, **given(alpha=alpha)}
    _refuse({"--alpha": alpha})
    if pilot is None:
        if real_alone is not None:
            raise SynTrustError(
                f"{real_alone} has nothing to be compared with: give the table of a share as "
                "--pilot too."
            )
        return {"kind": "published", **given(correlation=correlation)}
    _refuse({"--correlation": correlation})
    other = None if real_alone is None else _read(real_alone)
    return {"kind": "pilot", "cases": _read(pilot), **given(real_alone=other)}


def _refuse(options: dict[str, object]) -> None:
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter("it belongs to another source of spread.", param_hint=name)


def _read(file: Path) -> list[Any]:
    return read_table(sys.stdin.buffer.read() if str(file) == STDIN else file)


def compare(
    context: typer.Context,
    experiments: Annotated[list[str], typer.Argument(help="Two to six ids.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Experiments side by side: settings that differ, trust factors, paired differences."""
    client: Client = context.obj
    answer = client.experiments.compare(experiments)
    if as_json:
        print_json(answer)
    else:
        print_comparison(make_console(), answer)
