"""The walk of one value: which files are counted on its way."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tools.walks import recorder
from tools.walks.gateway import experiment_to_message
from tools.walks.recorder import Walk, watching

Load = Callable[[str], Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Write a module of a package `walked`, which alone is watched, and load it."""
    package = tmp_path / "walked"
    package.mkdir()
    monkeypatch.setattr(recorder, "_roots", lambda: [f"{package}/"])

    def make(text: str) -> Any:
        (package / "m.py").write_text(text)
        spec = importlib.util.spec_from_file_location("walked.m", package / "m.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return make


def passed(walk: Walk) -> list[tuple[str, str]]:
    return [(each.file, each.function) for each in walk.files()]


def test_a_file_counts_once_with_the_function_first_called(load: Load) -> None:
    module = load("def f(): g()\ndef g(): pass\n")

    with watching() as walk:
        module.f()

    assert passed(walk) == [("walked/m.py", "f")]


def test_a_file_that_is_only_imported_does_not_count(load: Load) -> None:
    with watching() as walk:
        load("class C:\n    a = 1\ndef f(): pass\nf()\n")

    assert passed(walk) == []


def test_nothing_counts_after_the_walk_has_ended(load: Load) -> None:
    module = load("def f(): pass\n")

    with watching() as walk:
        walk.ended = True
        module.f()

    assert passed(walk) == []


def test_what_a_process_started_on_the_way_enters_counts_too() -> None:
    program = "from syntrust_core.contracts.canonical import alpha_text; alpha_text(0.5)"

    with watching() as walk:
        subprocess.run([sys.executable, "-c", program], check=True)

    assert ("syntrust_core/contracts/canonical.py", "alpha_text") in passed(walk)


def test_an_experiment_passes_its_route_before_it_becomes_a_step(tmp_path: Path) -> None:
    files = [each.file for each in experiment_to_message(tmp_path)]

    route, hand_out = (
        files.index(f"syntrust_gateway/{name}")
        for name in ("experiments/routes.py", "orchestrator/scheduling/hand_out.py")
    )
    assert route < hand_out
    assert not any("testing" in file for file in files)
