"""What importing a package may load, as a fresh interpreter sees it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "monai", "numpy", "scipy", "pydantic", "matplotlib", "nibabel", "celery", "minio"}
SHOW = "import sys, json; print(json.dumps(sorted(sys.modules)))"


def loaded_by(statement: str) -> set[str]:
    """Top-level names of the modules in a fresh interpreter after `statement`."""
    program = f"{statement}\n{SHOW}"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(answer.stdout)}


@pytest.mark.parametrize(
    "statement",
    [
        "import syntrust_gateway.server, syntrust_gateway.cli, syntrust_gateway.orchestrator",
        "import syntrust, syntrust.client, syntrust.cli.app",
        "import syntrust_metrics, syntrust_metrics.trust, syntrust_metrics.experiment.results",
        "import syntrust_core.contracts.base, syntrust_core.runtime.worker",
        "import syntrust_standalone.cli, syntrust_standalone.supervisor",
    ],
)
def test_no_torch_is_loaded_outside_generator_and_segmenter(statement: str) -> None:
    assert not loaded_by(statement) & {"torch", "monai"}


def test_importing_the_client_package_loads_nothing_but_itself() -> None:
    found = loaded_by("import syntrust")

    assert not found & {*HEAVY, "httpx", "typer", "rich", "syntrust_core"}


def test_using_the_client_loads_nothing_heavy_and_no_terminal() -> None:
    found = loaded_by("from syntrust import Client; Client('http://127.0.0.1:1', 'key')")

    assert not found & {*HEAVY, "typer", "syntrust_core"}


def test_the_command_loads_nothing_heavy() -> None:
    assert not loaded_by("import syntrust.cli.app") & {*HEAVY, "syntrust_core"}


@pytest.mark.parametrize("service", ["generator", "segmenter"])
def test_the_parent_of_a_worker_loads_no_torch_which_would_not_survive_the_fork(
    service: str,
) -> None:
    pytest.importorskip(f"syntrust_{service}")  # left out where torch has no build

    assert not loaded_by(f"import syntrust_{service}.worker") & {"torch", "monai"}


def test_the_orchestrator_loads_no_web_framework_and_no_trust_factors() -> None:
    found = loaded_by("import syntrust_gateway.orchestrator")

    assert not found & {"fastapi", "starlette", "uvicorn", "syntrust_metrics", "numpy", "scipy"}


def test_the_trust_factors_load_neither_pydantic_nor_anything_of_the_platform() -> None:
    assert not loaded_by("import syntrust_metrics.trust") & {
        *HEAVY - {"numpy", "scipy"},
        "syntrust_core",
    }
