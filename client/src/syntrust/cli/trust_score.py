"""`syntrust trust-score`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from syntrust.cli.arguments import STDIN, parse_file
from syntrust.cli.printing.output import JsonOption, make_console, print_json
from syntrust.cli.printing.tables import print_trust
from syntrust.client import Client

ScoresArgument = Annotated[
    Path,
    typer.Argument(parser=parse_file, metavar="FILE", help="Dice: CSV or JSON; - reads stdin."),
]
SyntheticOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="nnU-Net's summary.json of the synthetic test set; FILE is that of the real one.",
    ),
]
AlphaOption = Annotated[float | None, typer.Option(help="Which α of a results.csv is meant.")]
NanOption = Annotated[
    Literal["empty"] | None,
    typer.Option(help="What a NaN means: empty, if reference and prediction are both empty."),
]
RegionsOption = Annotated[
    str | None, typer.Option(help="Names of nnU-Net's labels, as 1=NCR,2=ED,3=ET.")
]


def trust_score(
    context: typer.Context,
    file: ScoresArgument,
    *,
    synthetic: SyntheticOption = None,
    alpha: AlphaOption = None,
    nan: NanOption = None,
    regions: RegionsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trust factors of Dice scores that you already have.

    CSV: case,set,region,dice[,group][,seed] with set real or synthetic; or a column for each region
    (case,set,ET,ED,NCR), or for each region and set (case,ET_real,ET_synthetic); or a results.csv.
    JSON: the body of POST /trust-score, or its list of cases; or nnU-Net's summary.json.
    """
    client: Client = context.obj
    answer = client.trust_score(
        sys.stdin.buffer.read() if str(file) == STDIN else file,
        synthetic=synthetic,
        alpha=alpha,
        nan=nan,
        regions=None if regions is None else _parse_regions(regions),
    )
    if as_json:
        print_json(answer)
    else:
        print_trust(make_console(), answer)


def _parse_regions(text: str) -> dict[str, str]:
    pairs = [part.rpartition("=")[::2] for part in text.split(",")]
    if not all(label.strip() and name.strip() for label, name in pairs):
        raise typer.BadParameter(f"{text!r}: write 1=NCR,2=ED,3=ET.", param_hint="--regions")
    return {label.strip(): name.strip() for label, name in pairs}
