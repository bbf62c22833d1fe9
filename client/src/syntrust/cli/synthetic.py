"""`syntrust experiment twins` and `syntrust dataset files`: images to look at; and `edit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from syntrust.cli.arguments import given, parse_names
from syntrust.cli.datasets import dataset_app
from syntrust.cli.experiments import experiment_app
from syntrust.cli.printing.output import JsonOption, make_console, print_json
from syntrust.client import Client
from syntrust.errors import SynTrustError

OutOption = Annotated[Path, typer.Option("--out", help="Folder for the files; made if need be.")]
NameOption = Annotated[str | None, typer.Option(help="A new name.")]
TagsOption = Annotated[
    str | None, typer.Option(help="All tags, separated by commas; an empty text removes them.")
]


@experiment_app.command()
def twins(
    context: typer.Context,
    experiment: str,
    *,
    out: OutOption,
    case: Annotated[str | None, typer.Option(help="Of this case alone.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the synthetic images that were drawn so far, a folder for each case."""
    client: Client = context.obj
    console = make_console(as_json=as_json)
    fetched, written = [], []
    for paths in client.experiments.twins(experiment, out, case=case):
        fetched.append(paths)
        written += [path for path in paths.values() if path.name.endswith(".nii.gz")]
        for path in paths.values():
            console.print(str(path), markup=False)
    if not written:
        raise SynTrustError("No twin is drawn yet; ask again later.")
    console.print(f"{len(written)} synthetic images in {out}", markup=False)
    _tell_viewers(console, written[0], None)
    if as_json:
        print_json(fetched)


@dataset_app.command()
def files(
    context: typer.Context, dataset: str, case: str, *, out: OutOption, as_json: JsonOption = False
) -> None:
    """Fetch the canonical images, label map and brain mask of a case."""
    client: Client = context.obj
    paths = client.datasets.files(dataset, case, out)
    console = make_console(as_json=as_json)
    if as_json:
        print_json(paths)
    for path in paths.values():
        console.print(str(path), markup=False)
    image = next((path for name, path in paths.items() if "_t1ce" in name), None)
    labels = next((path for name, path in paths.items() if "_labels" in name), None)
    if image is not None:
        _tell_viewers(console, image, labels)


@experiment_app.command("edit")
def edit_experiment(
    context: typer.Context,
    experiment: str,
    *,
    name: NameOption = None,
    tags: TagsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the name or the tags. No result depends on them."""
    client: Client = context.obj
    changed = client.experiments.change(experiment, **_changes(name, tags))
    if as_json:
        print_json(changed)
    else:
        _tell(f"experiment {changed['id']}", changed["name"], changed["tags"])


@dataset_app.command("edit")
def edit_dataset(
    context: typer.Context,
    dataset: str,
    *,
    name: NameOption = None,
    tags: TagsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the name or the tags. Neither its cases nor its digest change."""
    client: Client = context.obj
    changed = client.datasets.change(dataset, **_changes(name, tags))
    if as_json:
        print_json(changed)
    else:
        _tell(f"dataset {changed['id']}", changed["name"], changed["tags"])


def _changes(name: str | None, tags: str | None) -> dict[str, object]:
    named = None if tags is None else [tag for tag in parse_names(tags) if tag]
    changes = given(name=name, tags=named)
    if not changes:
        raise typer.BadParameter("give --name, --tags or both")
    return changes


def _tell(what: str, name: str | None, tags: list[str]) -> None:
    text = f"{what}: {name or 'without a name'}; tags: {', '.join(tags) or 'none'}"
    make_console().print(text, markup=False)


def _tell_viewers(console: Console, image: Path, labels: Path | None) -> None:
    """Say how to look at the files; both viewers read NIfTI as it is."""
    snap = f"itksnap -g {image}" + ("" if labels is None else f" -s {labels}")
    slicer = "3D Slicer: drag the .nii.gz files into its window"
    if labels is not None:
        slicer += ", and choose Segmentation for the labels"
    for line in (f"ITK-SNAP: {snap}", f"{slicer}.", "For research use only."):
        console.print(line, markup=False)
