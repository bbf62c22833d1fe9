"""A study from its file to its results: killed, gone on with, and found again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
from tests.pinned import PINNED

from syntrust import Client
from syntrust.errors import SynTrustError
from syntrust_standalone.study.results_file import read_results

pytestmark = pytest.mark.slow

PATIENCE_S: Final = 240.0
SMALLEST: Final[dict[str, Any]] = {
    "study": 1,
    "name": "smallest",
    "title": "The smallest study that is one",
    "dataset": {"kind": "phantoms", "seed": 3},
    "split": {"train": 2, "validation": 0, "test": 2, "seed": None},
    "generator": {"steps": 2},
    "segmenter": {"iterations": 2},
    "experiments": [
        {"name": "mixes", "alphas": [0, 0.5, 1], "seeds": [0, 1]},
        {
            "name": "controls",
            "alphas": [0, 1],
            "seeds": [0],
            "twins": 2,
            "controls": ["shuffled_masks"],
        },
    ],
    "cost": {"steps": 53, "device_hours": None, "basis": "of no interest"},
}


def start(study: Path, data: Path) -> subprocess.Popen[str]:
    command = ["-m", "syntrust_standalone", "study", str(study), "--data", str(data), "--port", "0"]
    return subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **PINNED},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    return said


def count_done(data: Path) -> int:
    """How many steps of the study's experiments are done; 0 while nothing answers."""
    with suppress(OSError, ValueError, KeyError, SynTrustError):
        run = json.loads((data / "stack" / "run.json").read_text())
        key = json.loads((data / "stack" / "credentials.json").read_text())["admin_key"]
        with Client(run["url"], key, pause=lambda _: None) as client:
            asked = list(client.experiments.list())
            return sum(client.experiments.get(each["id"])["steps"]["done"] for each in asked)
    return 0


def kill_in_the_middle(process: subprocess.Popen[str], data: Path) -> None:
    """Kill the command and every process of its platform at once, some steps being done."""
    deadline = time.monotonic() + PATIENCE_S
    while count_done(data) < 8:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no step was done in time"
        time.sleep(0.1)
    whole = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for each in whole:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(whole[1:], timeout=PATIENCE_S)
    process.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("study") / "smallest.json"
    file.write_text(json.dumps(SMALLEST))
    return file


def test_a_study_killed_in_the_middle_goes_on_and_ends_as_an_undisturbed_one(
    study: Path, tmp_path: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    finish(start(study, undisturbed))
    first = start(study, killed)
    kill_in_the_middle(first, killed)

    finish(start(study, killed))

    expected, found = (read_results(each / "results.json") for each in (undisturbed, killed))
    assert found["digest"] == expected["digest"]
    assert found["provenance"]["steps"] == expected["provenance"]["steps"]
    assert sum(found["provenance"]["steps"].values()) == SMALLEST["cost"]["steps"]
    assert not (killed / "results.json").read_text().count(str(tmp_path))

    # What is there is not computed again: the seconds that steps took are the same.
    before = (killed / "results.json").read_bytes()
    said = finish(start(study, killed))
    assert (killed / "results.json").read_bytes() == before
    assert found["digest"] in said
