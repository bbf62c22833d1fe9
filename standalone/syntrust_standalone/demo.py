"""`syntrust-standalone demo`: an experiment on phantoms, from an empty folder to a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from syntrust.bodies import AnyResults
from syntrust.cli.printing.progress import show
from syntrust.cli.printing.tables import print_results
from syntrust.client import Client
from syntrust.connection import require_success
from syntrust.errors import ExperimentFailed, SynTrustError
from syntrust_core.errors import PlatformError
from syntrust_standalone.data_folder import Database, DataFolder, make_folder
from syntrust_standalone.runs.own_platform import PORT, own_platform
from syntrust_standalone.runs.phantom_dataset import PhantomMaking, find_or_register


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
    make_folder(data, "--data")
    stack, making = data / "stack", _make_phantoms(data, plan)
    with own_platform(DataFolder(stack), port, console, database) as client:
        experiment = demonstrate(client, data, plan, console, making)
    # It has stopped by now, and the address of its page begins anew.
    console.print("To see it in the browser, start the platform on what the demo left:")
    console.print(f"  make up DATA={stack}", soft_wrap=True)
    console.print(f"  http://127.0.0.1:{port or PORT}/{_page(experiment)}", soft_wrap=True)


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
        making = _make_phantoms(data, plan)
        experiment = demonstrate(client, data, plan, console, making)
        console.print(f"In the browser: {client.url}/{_page(experiment)}", soft_wrap=True)
    except PlatformError as error:
        raise SynTrustError(error.detail) from error


def _make_phantoms(data: Path, plan: DemoPlan) -> PhantomMaking:
    return PhantomMaking(data / "cohort", seed=plan.seed, count=plan.cases)


def demonstrate(
    client: Client, data: Path, plan: DemoPlan, console: Console, making: PhantomMaking
) -> str:
    """Run the experiment through the API and write its results into `data`.

    Returns
    -------
    str
        The experiment's id.
    """
    dataset = find_or_register(client, making.wait(console), console, name="demo")
    experiment = _experiment(client, dataset, plan, console)
    client.experiments.save(experiment, data, replace=True)
    results = client.experiments.results(experiment)
    print_results(console, results)
    _conclude(console, results, data)
    return experiment


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


def _page(experiment: str) -> str:
    return f"#/experiments/{experiment}"
