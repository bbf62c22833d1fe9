"""The notebook of `examples/`, run cell by cell at a platform with made-up cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from nbclient import NotebookClient
from tests.integration.docs.guide import ROOT
from traitlets.config import Config

from syntrust import Client
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

NOTEBOOK = ROOT / "examples" / "first_experiment.ipynb"
CASES = 6
GRID: Final[Any] = {"shape": [64, 64, 64], "spacing_mm": [3, 3, 3]}
# Over a file of the reader's own, not over a port of the machine.
TRANSPORT: Final = Config({"KernelManager": {"transport": "ipc"}})


def read_notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def notebook(
    client: Client, stack: Path, stack_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """The notebook as it stands after its last cell."""
    cohort = tmp_path_factory.mktemp("notebook-cohort")
    dataset = client.datasets.create("of the notebook", grid=GRID)["id"]
    for case in make_cohort(cohort, seed=19, count=CASES, options=PhantomOptions.demo()):
        client.datasets.add_case(dataset, case)
    client.datasets.commit(dataset)
    client.datasets.wait(dataset)
    book = read_notebook()
    settings = {
        "SYNTRUST_URL": stack_url,
        "SYNTRUST_KEY_FILE": str(stack / "credentials.json"),
        "ITERATIONS": "2",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        NotebookClient(book, timeout=300, config=TRANSPORT).execute()
    return book


def test_the_notebook_runs_to_its_end_at_a_platform_with_cases(notebook: Any) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_the_notebook_shows_the_answer_in_words_and_a_figure(notebook: Any) -> None:
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    said = str([cell.get("outputs", []) for cell in notebook.cells])
    assert "image/svg+xml" in kinds
    assert "No evidence for any share of synthetic training images" in said


def test_the_notebook_is_kept_without_outputs_so_that_none_is_stale() -> None:
    book = read_notebook()
    assert not any(cell.get("outputs") for cell in book.cells)
