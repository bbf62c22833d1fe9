"""`syntrust-generator`: train generators, import them and draw twins, without the platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import torch
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from syntrust_core.cases.file_roles import find_files
from syntrust_core.cases.inspect import inspect_case
from syntrust_core.cases.model import write_case
from syntrust_core.command_line import explain_fields, explain_file, run, tell_version
from syntrust_core.configuration import read_at_start
from syntrust_core.contracts.case_record import CASE_FILE
from syntrust_core.contracts.grid import Grid, GridSpec
from syntrust_core.contracts.vocabulary import GeneratorPrecision
from syntrust_core.errors import CallerError
from syntrust_core.precision.printing import choose_form, show
from syntrust_core.precision.tuning import Limits
from syntrust_core.ranks.launch import count_torchrun, serve_torchrun
from syntrust_core.settings import ComputeSettings
from syntrust_generator.checkpoints.med_ddpm import import_med_ddpm
from syntrust_generator.checkpoints.store import Generator, find_shipped_model, load_model
from syntrust_generator.diffusion.samplers import SamplerName
from syntrust_generator.model_card import NOTICE, TINY, Domain, Sampling, TrainConfig
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.engine import ComputeConfig, best_device
from syntrust_generator.synthesis.synthesis import (
    TWIN_FILE,
    SynthesisConfig,
    TwinJob,
    synthesise_all,
)
from syntrust_generator.training import training_job
from syntrust_generator.training.loop import OnProgress, TrainingProgress
from syntrust_generator.tune import tune_generator

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)
_LOG_EVERY = 50


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=tell_version("syntrust-generator"), help="Tell it."
        ),
    ] = False,
) -> None:
    """Generators of synthetic MRI. For research use only.

    Exit codes: 0 done, 1 refused or failed, 2 usage, 70 fault, 130 interrupted.
    """


@app.command()
def train(  # noqa: PLR0917 - typer reads the options from here
    cases: Annotated[Path, typer.Argument(help="Folder with one folder of NIfTI files per case.")],
    out: Annotated[Path, typer.Argument(help="Model folder to write.")],
    name: Annotated[str, typer.Option(help="Name on the model card.")] = "tiny",
    dataset: Annotated[str, typer.Option(help="Origin of the cases, for the card.")] = "",
    grid: Annotated[int, typer.Option(help="Voxels along each axis of the grid.")] = 64,
    spacing: Annotated[float, typer.Option(help="Edge of a voxel in mm.")] = 3.0,
    config: Annotated[
        Path | None, typer.Option(help="JSON file of a TrainConfig; default: the tiny model's.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Model folder to continue from; default: fresh weights.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="Folder of canonical cases, checkpoint and log; default OUT.work."),
    ] = None,
    checkpoint_every: Annotated[
        float, typer.Option(help="Seconds between two checkpoints.")
    ] = training_job.CHECKPOINT_EVERY_S,
    threads: Annotated[int, typer.Option(help="CPU threads of each device.")] = 1,
    devices: Annotated[
        int, typer.Option(min=1, help="Devices that share each batch; torchrun sets it itself.")
    ] = 1,
) -> None:
    """Train a generator and write OUT/model.safetensors and OUT/card.json.

    A stopped training, started again, continues from its last checkpoint; on a CPU with the same
    result. WORK has the checkpoint, the loss of every iteration and, every ten minutes, a preview.
    """
    if serve_torchrun():
        return
    work = work or out.with_name(f"{out.name}.work")
    settings, device = _read_config(config), best_device()
    wanted_grid = Grid(shape=(grid,) * 3, spacing_mm=(spacing,) * 3)
    folders = prepare_cases(cases, work / "cases", wanted_grid)
    with (
        reproducible(threads, deterministic=device.type == "cpu"),
        _report_losses(work / "loss.jsonl", settings.recipe.iterations) as report,
    ):
        training_job.train(
            folders,
            settings,
            name=name,
            dataset=dataset or cases.name,
            out=out,
            on_progress=report,
            start=None if start is None else load_model(start),
            live=training_job.LiveArtifacts(
                work / "checkpoint.pt", work / "samples.png", checkpoint_every_s=checkpoint_every
            ),
            device=device,
            devices=devices if count_torchrun() == 1 else count_torchrun(),
        )
    console.print(f"Wrote {out}. {NOTICE}", markup=False, soft_wrap=True)


@contextmanager
def _report_losses(path: Path, iterations: int) -> Iterator[OnProgress]:
    """A callback that moves a bar and writes the loss of every iteration to a file."""
    with _progress_bar() as bar, path.open("a", encoding="utf-8") as log:
        task = bar.add_task("training", total=iterations, loss="mean anatomy")

        def report(progress: TrainingProgress) -> None:
            bar.update(task, completed=progress.done, loss=f"loss {progress.loss:.3f}")
            log.write(json.dumps({"iteration": progress.done, "loss": progress.loss}) + "\n")
            if progress.done % _LOG_EVERY == 0:
                log.flush()

        yield report


@app.command("import")
def import_checkpoint(
    checkpoint: Annotated[
        Path, typer.Argument(help="model_brats.pt or model_128.pt, as Med-DDPM released it.")
    ],
    out: Annotated[Path, typer.Argument(help="Model folder to write.")],
    name: Annotated[str, typer.Option(help="Name on the model card.")] = "med-ddpm",
    seen: Annotated[
        Path | None,
        typer.Option(
            help="File of the ids it was trained on, one per line; default: as published."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Origin of those cases, for the card; default: as published.")
    ] = None,
) -> None:
    """Check a checkpoint of Med-DDPM and write it as a model folder. No code in it is executed."""
    import_med_ddpm(checkpoint, out, name=name, seen=seen, dataset=dataset)
    console.print(f"Wrote {out}. {NOTICE}", markup=False, soft_wrap=True)


@app.command()
def draw(  # noqa: PLR0917 - typer reads the options from here
    cases: Annotated[Path, typer.Argument(help="Folder with one folder of NIfTI files per case.")],
    out: Annotated[Path, typer.Argument(help="Folder for OUT/<case>/<twin>/.")],
    model: Annotated[str, typer.Option(help="A model folder, or the name of a shipped one.")] = (
        "tiny"
    ),
    twins: Annotated[int, typer.Option(min=1, help="Twins of each case.")] = 1,
    sampler: Annotated[SamplerName | None, typer.Option(help="Default: the card's.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=2, help="Denoising steps; default: the card's.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 0,
    precision: Annotated[
        GeneratorPrecision, typer.Option(help="Precision of the convolutions.")
    ] = "fp32",
    work: Annotated[
        Path | None, typer.Option(help="Folder of canonical cases; default OUT.work.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Draw twins of cases from their label maps. Twins that exist already are kept."""
    generator = _find_model(model)
    default = generator.card.default
    config = SynthesisConfig(
        generator,
        seed,
        Sampling(sampler=sampler or default.sampler, steps=steps or default.steps),
        compute=ComputeConfig(precision=precision),
    )
    work = work or out.with_name(f"{out.name}.work")
    folders = prepare_cases(cases, work / "cases", choose_grid(generator.domain))
    jobs = [
        TwinJob(folder, out / case / str(twin), twin)
        for case, folder in folders.items()
        for twin in range(twins)
    ]
    due = [job for job in jobs if not (job.out / TWIN_FILE).exists()]
    with reproducible(threads), _progress_bar() as bar:
        task = bar.add_task("drawing", total=len(due), loss="")
        synthesise_all(due, config, on_twin=lambda _: bar.advance(task))
    console.print(f"{len(due)} twins drawn into {out}. {NOTICE}", markup=False, soft_wrap=True)


@app.command()
def tune(
    *,
    model: Annotated[str, typer.Option(help="A model folder, or the name of a shipped one.")] = (
        "tiny"
    ),
    grid: Annotated[
        int | None, typer.Option(min=8, help="Voxels along each axis; default: the model's.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Most runs of each precision.")] = 7,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; default: what a worker here would take.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads; default: SYNTRUST_WORKER__THREADS.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    env: Annotated[bool, typer.Option("--env", help="Print the line of an env file alone.")] = (
        False
    ),
) -> None:
    """Measure which precision draws and trains faster here, and say how to keep the choice.

    Takes some seconds. Run it while nothing else runs on the machine.
    """
    found = tune_generator(
        _find_model(model),
        threads=threads or read_at_start(ComputeSettings).worker.threads,
        device=best_device() if device is None else torch.device(device),
        edge=grid,
        limits=Limits(rounds=rounds),
    )
    typer.echo(show(found, choose_form(json=json, env=env)))


def _find_model(name: str) -> Generator:
    folder = Path(name)
    return load_model(folder if folder.is_dir() else find_shipped_model(name))


def choose_grid(domain: Domain) -> GridSpec:
    """Choose the grid onto which a generator's cases are brought."""
    if domain.fit == "crop":
        return "native"
    return Grid(shape=domain.shape, spacing_mm=domain.spacing_mm)


def prepare_cases(cases: Path, work: Path, grid: GridSpec) -> dict[str, Path]:
    """Write a canonical folder of every case into `work`; those that exist are kept.

    Returns
    -------
    dict of str to Path
        Canonical folders by case id.

    Raises
    ------
    CallerError
        If there is no case, or a case is refused; the message names it.
    """
    found = sorted(path for path in cases.glob("[!.]*") if path.is_dir())
    if not found:
        raise CallerError(f"{cases}: the folder has no case folder; each case needs one.")
    folders = {path.name: work / path.name for path in found}
    for path in found:
        target = folders[path.name]
        if not (target / CASE_FILE).exists():  # written last
            files, _ = find_files(path)
            case, record = inspect_case(
                {str(role): file for role, file in files.items()}, grid=grid
            )
            write_case(case, record, target)
    return folders


def _read_config(path: Path | None) -> TrainConfig:
    if path is None:
        return TINY
    try:
        return TrainConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CallerError(f"--config {explain_file(error)}") from error
    except ValidationError as error:
        raise CallerError(f"--config {path}: {explain_fields(error)}.") from error


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[loss]}"),
        console=console,
    )


def main() -> None:
    """Run the command. `syntrust_core.command_line` has its exit codes."""
    run(app)
