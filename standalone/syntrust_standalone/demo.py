"""`syntrust-standalone demo`: an experiment on phantoms, from an empty folder to a report."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from syntrust.bodies import AnyResults, GridSpec
from syntrust.case_files import find_files
from syntrust.cli.printing.progress import show
from syntrust.cli.printing.tables import print_results
from syntrust.cli.upload import register
from syntrust.client import Client
from syntrust.connection import require_success
from syntrust.errors import ExperimentFailed, SynTrustError
from syntrust.intake.survey import read_case
from syntrust_core.errors import PlatformError, Unavailable
from syntrust_core.files import file_sha256
from syntrust_standalone.data_folder import Database, DataFolder, make_folder
from syntrust_standalone.peak_memory import watch_memory
from syntrust_standalone.servers import Program, find_free_ports, is_free, read_log_end, spawn

PORT = 8000
GRID: GridSpec = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
_STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class DemoPlan:
    """The size of the demo's experiment. Of 30 cases, 16 train, 2 validate and 12 test."""

    cases: int = 30
    seed: int = 0
    alphas: tuple[float, ...] = (0.0, 0.5, 1.0)
    test_fraction: float = 0.4
    validation_fraction: float = 0.07
    iterations: int | None = None

    def settings(self) -> dict[str, Any]:
        """Build the fields of `POST /experiments` besides dataset and alphas."""
        fractions = {
            "test_fraction": self.test_fraction,
            "validation_fraction": self.validation_fraction,
        }
        segmenter = {} if self.iterations is None else {"iterations": self.iterations}
        return {"name": "demo", "split": {"seed": 0, **fractions}, "segmenter": segmenter}


def run_demo(
    data: Path, port: int | None, plan: DemoPlan, console: Console, database: Database | None = None
) -> None:
    """Run the demo and write its results into `data`.

    It reuses what an earlier run made in `data`: cases, dataset, and every computed step.
    """
    started = time.monotonic()
    make_folder(data, "--data")
    folder = DataFolder(data / "stack")
    with (
        watch_memory() as memory,
        run_stack(folder, port, console, database) as supervisor,
        _client(folder, supervisor, console) as client,
    ):
        demonstrate(client, data, plan, console)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    console.print(f"{minutes} min {seconds} s, at most {memory.bytes / 1e9:.1f} GB of memory")


def run_demo_at(
    client: Client, data: Path, console: Console, *, cases: int, iterations: int | None
) -> None:
    """Run the demo on a platform that runs already: what `syntrust demo` does.

    Raises
    ------
    SynTrustError
        The platform refuses something, or the phantoms cannot be made.
    """
    plan = DemoPlan(cases=cases, iterations=iterations)
    try:
        demonstrate(client, data, plan, console)
    except PlatformError as error:
        raise SynTrustError(error.detail) from error


def demonstrate(client: Client, data: Path, plan: DemoPlan, console: Console) -> None:
    """Make the cohort, run the experiment through the API and write its results into `data`."""
    cases = _cohort(data / "cohort", plan, console)
    dataset = _dataset(client, cases, console)
    experiment = _experiment(client, dataset, plan, console)
    client.experiments.save(experiment, data, replace=True)
    results = client.experiments.results(experiment)
    print_results(console, results)
    _conclude(console, results, data)


@contextmanager
def run_stack(
    folder: DataFolder, port: int | None, console: Console, database: Database | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the stack as a child process, and stop it in order at the end of the block."""
    chosen = port if port is not None else PORT if is_free(PORT) else find_free_ports(1)[0]
    command = ("-m", "syntrust_standalone", "up", "--data", str(folder.root), "--port", str(chosen))
    # Phantoms are of no patient: the demo runs on shared machines too.
    kind = () if database is None else ("--database", str(database))
    argv = (sys.executable, *command, *kind, "--allow-local-users")
    program = Program("supervisor", argv, Path.cwd())
    with _raise_on_sigterm():
        process = spawn(program, folder.log_file("supervisor"))
        try:
            yield process
        finally:
            if process.poll() is None:
                console.print("[dim]stopping the servers[/]")
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_TIMEOUT_S)
            except BaseException:
                process.kill()  # its orphan cleaner ends the rest
                raise


@contextmanager
def _raise_on_sigterm() -> Iterator[None]:
    """Raise `KeyboardInterrupt` on SIGTERM, so that it ends the block as Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _client(folder: DataFolder, supervisor: subprocess.Popen[bytes], console: Console) -> Client:
    """Wait until the stack is ready, and make a client of it."""
    with console.status("starting the servers"):
        while (run := folder.read_run()).get("pid") != supervisor.pid or run["state"] != "ready":
            if supervisor.poll() is not None:
                raise Unavailable(
                    f"The servers did not start:\n{read_log_end(folder.log_file('supervisor'))}"
                )
            time.sleep(0.1)
    console.print(f"the platform runs at {run['url']}; its logs are in {folder.logs}")
    return Client(run["url"], folder.load_credentials().admin_key)


def _cohort(folder: Path, plan: DemoPlan, console: Console) -> list[Path]:
    from syntrust_standalone.phantoms import PhantomOptions, make_cohort  # noqa: PLC0415 - heavy

    columns = (TextColumn("phantoms"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=plan.cases)
        return make_cohort(
            folder,
            seed=plan.seed,
            count=plan.cases,
            options=PhantomOptions.demo(),
            on_case=lambda _, done, __: progress.update(bar, completed=done),
        )


def _dataset(client: Client, cases: Sequence[Path], console: Console) -> str:
    """Find the dataset of exactly these files, or register it."""
    name = f"demo-{_content(cases)[:16]}"
    for known in client.datasets.list():
        if known["name"] == name and known["state"] == "ready":
            console.print(f"dataset {known['id']}: registered before")
            return known["id"]
    found = [read_case(case) for case in cases]
    return register(client, found, name=name, grid=GRID, scheme="auto", console=console)["id"]


def _content(cases: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for case in cases:
        files, _ = find_files(case)
        for role, path in files.items():
            digest.update(f"{case.name} {role} {file_sha256(path)}\n".encode())
    return digest.hexdigest()


def _experiment(client: Client, dataset: str, plan: DemoPlan, console: Console) -> str:
    # Created anew each time, because a step that is done is never computed again.
    asked = client.experiments.create(dataset, plan.alphas, **plan.settings())
    last = show(console, client.experiments.watch(asked["id"]))
    if last is not None:
        require_success(last, ExperimentFailed)
    return asked["id"]


def _conclude(console: Console, results: AnyResults, data: Path) -> None:
    console.print(f"\nresults digest {results['digest']}", soft_wrap=True)
    for name in ("results.json", "results.csv", "figures/", "report.html"):
        console.print(f"  {data}/{name}", soft_wrap=True)
    console.print(
        "The cohort is made of phantoms: the numbers show that the platform works, and say "
        "nothing about any patient or any hospital's images."
    )
