"""`syntrust segment`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, cast

import typer
from rich.console import Console

from syntrust.api_types import JobBody, SegmentationRecord
from syntrust.bodies import Scheme
from syntrust.case_files import image_files
from syntrust.cli.arguments import parse_scheme
from syntrust.cli.jobs import finish
from syntrust.cli.printing.output import JsonOption, make_console, print_rows
from syntrust.cli.upload import bytes_bar
from syntrust.client import Client

_REGIONS: Final[tuple[Literal["ET", "ED", "NCR"], ...]] = ("ET", "ED", "NCR")


CaseArgument = Annotated[
    str, typer.Argument(help="Folder with t1, t1ce, t2 and flair; with --dataset, a case's id.")
]
OutOption = Annotated[
    Path | None, typer.Option(help="Folder for the label map; by default CASE_segmentation.")
]
DatasetOption = Annotated[
    str | None, typer.Option(help="Id of the dataset that has the case already.")
]
SchemeOption = Annotated[
    str | None,
    typer.Option(
        help="Labels to write: brats2021, brats2023 (default), brats2024, med_ddpm, or a mapping "
        "as JSON."
    ),
]
ProbabilitiesOption = Annotated[
    bool, typer.Option("--probabilities", help="Write the probability of each label, too.")
]


def segment(
    context: typer.Context,
    case: CaseArgument,
    *,
    model: Annotated[str, typer.Option(help="Name or id of a segmenter.")],
    out: OutOption = None,
    dataset: DatasetOption = None,
    scheme: SchemeOption = None,
    probabilities: ProbabilitiesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw the label map of a case, on the grid of its images.

    Ctrl-C stops waiting; the job goes on. For research use only.
    """
    client: Client = context.obj
    console = make_console(as_json=as_json)
    if dataset is None:
        labels = None if scheme is None else parse_scheme(scheme)
        job = _send(client, Path(case), model, labels, console, probabilities=probabilities)
    elif scheme is None:
        job = client.jobs.segment_registered(dataset, case, model, probabilities=probabilities)
    else:
        raise typer.BadParameter("a registered case has its own labels", param_hint="--scheme")
    console.print(f"job {job['id']}")
    target = out or Path(f"{Path(case).resolve().name}_segmentation")
    finish(client, job["id"], console, target, as_json=as_json)
    found = cast("SegmentationRecord", client.jobs.result(job["id"]))
    _print_regions(console, found)


def _send(
    client: Client,
    folder: Path,
    model: str,
    scheme: Scheme | None,
    console: Console,
    *,
    probabilities: bool,
) -> JobBody:
    size = sum(path.stat().st_size for path in image_files(folder).values())
    with bytes_bar(console) as progress:
        bar = progress.add_task("upload", total=size)
        return client.jobs.segment(
            folder,
            model,
            scheme=scheme,
            probabilities=probabilities,
            on_bytes=lambda sent: progress.advance(bar, sent),
        )


def _print_regions(console: Console, found: SegmentationRecord) -> None:
    columns = ("region", "label", "ml", "mean entropy (0 certain, 1.386 knows nothing)")
    rows = []
    for region in _REGIONS:
        entropy = found["entropy"][region]
        doubt = "no such voxel" if entropy is None else f"{entropy:.3f}"
        volume = f"{found['volumes_ml'][region]:.2f}"
        rows.append((region, str(found["labels"][region]), volume, doubt))
    print_rows(console, columns, rows)
