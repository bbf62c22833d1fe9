"""The scripts of `slurm/`, run by bash with commands of Slurm's that only note what they are told.

`make test-slurm` runs them on a real Slurm.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from syntrust_core.runtime.departure.departure import COME_BACK, TOO_SHORT
from syntrust_core.settings import WorkerSettings

SLURM: Final = Path(__file__).parents[3] / "slurm"
SCRIPTS: Final = sorted([*SLURM.glob("*.sh"), *SLURM.glob("*.sbatch")])
JOBS: Final = ("generator", "segmenter")
END_S: Final = 1_798_000_000
SETTINGS: Final = "PYTHON=$STUBS/worker\nSCRATCH=$STUBS/scratch\n"

# Notes how it was called. As a worker it goes on until the signal if the test asks for that.
STUB: Final = """#!{python}
import json, os, pathlib, signal, sys
name = pathlib.Path(sys.argv[0]).name
folder = pathlib.Path(os.environ["STUBS"])
if name == "squeue":
    print(os.environ["END"])
else:
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(75))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    told = {{"arguments": sys.argv[1:], "env": dict(os.environ)}}
    (folder / (name + ".part")).write_text(json.dumps(told))
    (folder / (name + ".part")).rename(folder / (name + ".json"))
    if name == "worker":
        signal.pause() if os.environ["CODE"] == "waits" else sys.exit(int(os.environ["CODE"]))
"""


class Job:
    """The folder of a job, and what its script started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stubs = folder / "jobs", folder / "stubs"
        shutil.copytree(SLURM, self.folder)
        (self.stubs / "scratch").mkdir(parents=True)
        for name in ("worker", "apptainer", "squeue", "scontrol"):
            stub = self.stubs / name
            stub.write_text(STUB.format(python=sys.executable))
            stub.chmod(0o700)

    def start(self, code: object, settings: str = SETTINGS, **env: str) -> subprocess.Popen[str]:
        (self.folder / "settings.sh").write_text(settings)
        given = {
            "PATH": f"{self.stubs}:{os.environ['PATH']}",
            "STUBS": str(self.stubs),
            "CODE": str(code),
            "SLURM_SUBMIT_DIR": str(self.folder),
            "SLURM_JOB_ID": "17",
            "SLURM_JOB_END_TIME": str(END_S),
        }
        return subprocess.Popen(
            ["bash", str(self.folder / "segmenter.sbatch")],
            env=given | env,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: object, settings: str = SETTINGS, **env: str) -> tuple[int, str]:
        """Run the script; the worker ends with `code`. Give the exit code, and what it says."""
        process = self.start(code, settings, **env)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    def told(self, name: str) -> Mapping[str, Any]:
        """How a command was called; empty if it was not."""
        path = self.stubs / f"{name}.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def until(true: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + 60, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        pause.wait(0.02)


def options(name: str) -> dict[str, str]:
    """The #SBATCH lines of a script."""
    text = (SLURM / f"{name}.sbatch").read_text()
    found = re.findall(r"^#SBATCH --([a-z-]+)=?(.*)$", text, re.MULTILINE)
    return dict(found)


def test_bash_and_shellcheck_find_no_fault_in_the_scripts() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")

    found = subprocess.run(
        [shellcheck, "--external-sources", *SCRIPTS], capture_output=True, text=True, check=False
    )

    assert (found.returncode, found.stdout) == (0, "")
    for script in SCRIPTS:
        subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_requeued_and_told_in_time_for_a_checkpoint(name: str) -> None:
    given = options(name)
    notice = int(given["signal"].removeprefix("B:USR1@"))
    grace_s = WorkerSettings().soft_shutdown.total_seconds()

    assert "requeue" in given
    assert notice > grace_s + 15
    assert f"NOTICE_S={notice}\n" in (SLURM / "settings.example.sh").read_text()
    assert f'"${{NOTICE_S:={notice}}}"' in (SLURM / "worker.sh").read_text()


def test_the_two_scripts_differ_in_their_service_and_memory_alone() -> None:
    generator, segmenter = ((SLURM / f"{name}.sbatch").read_text() for name in JOBS)

    for name, other in (("generator", "segmenter"), ("Generator", "Segmenter"), ("24G", "32G")):
        generator = generator.replace(name, other)

    assert generator == segmenter


@pytest.mark.parametrize(
    ("code", "requeued", "ends_with"),
    [(0, False, 0), (COME_BACK, True, 0), (TOO_SHORT, False, TOO_SHORT), (1, False, 1)],
)
def test_only_a_worker_whose_time_ends_is_started_again(
    job: Job, code: int, requeued: object, ends_with: int
) -> None:
    ended, _ = job.run(code)

    assert ended == ends_with
    assert bool(job.told("scontrol")) == requeued
    assert list((job.stubs / "scratch").iterdir()) == []


def test_the_signal_of_slurm_reaches_the_worker_and_the_job_is_requeued(job: Job) -> None:
    process = job.start("waits")
    until(lambda: bool(job.told("worker")))

    process.send_signal(signal.SIGUSR1)

    process.communicate(timeout=60)
    assert job.told("scontrol")["arguments"] == ["requeue", "17"]


def test_a_job_that_is_cancelled_lets_its_worker_end_and_is_not_requeued(job: Job) -> None:
    process = job.start("waits")
    until(lambda: bool(job.told("worker")))

    process.send_signal(signal.SIGTERM)

    process.communicate(timeout=60)
    assert process.returncode == 0
    assert not job.told("scontrol")
    assert list((job.stubs / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("env", "ends_at"),
    [
        ({}, END_S - 180),
        ({"SLURM_JOB_END_TIME": "", "END": "2026-12-23T05:26:40"}, END_S - 180),
        ({"SLURM_JOB_END_TIME": "", "END": "N/A"}, None),
    ],
    ids=["the variable", "an older Slurm", "no limit"],
)
def test_a_worker_is_told_when_the_signal_may_come_at_the_earliest(
    job: Job, env: dict[str, str], ends_at: int | None
) -> None:
    job.run(0, **env, TZ="UTC-1")

    expected = [] if ends_at is None else ["--ends-at", str(ends_at)]
    assert job.told("worker")["arguments"] == ["-m", "syntrust_segmenter.worker", *expected]


@pytest.mark.parametrize(("cpus", "is_said"), [("1", True), ("16", False)])
def test_the_cpus_of_a_job_never_change_the_threads_and_too_few_are_said(
    job: Job, cpus: str, is_said: object
) -> None:
    settings = f"{SETTINGS}export SYNTRUST_WORKER__THREADS=3\n"

    _, said = job.run(0, settings, SLURM_CPUS_PER_TASK=cpus, OMP_NUM_THREADS=cpus)

    env = job.told("worker")["env"]
    assert (env["SYNTRUST_WORKER__THREADS"], env["OMP_NUM_THREADS"]) == ("3", "3")
    assert ("results stay the same" in said) == is_said


def test_a_job_without_a_gpu_sees_none(job: Job) -> None:
    job.run(0)

    assert job.told("worker")["env"]["CUDA_VISIBLE_DEVICES"] == ""


@pytest.mark.parametrize(
    ("gpus", "begins"), [("0,3", True), ("0", False), ("", True)], ids=["two", "one", "CPU alone"]
)
def test_a_job_with_fewer_gpus_than_its_trainings_use_takes_no_step_and_is_not_requeued(
    job: Job, gpus: str, begins: object
) -> None:
    settings = f"{SETTINGS}export SYNTRUST_SEGMENTER__DEVICES=2\n"

    code, said = job.run(0, settings, SLURM_JOB_GPUS=gpus)

    assert bool(job.told("worker")) == begins
    assert code == (0 if begins else TOO_SHORT)
    assert ("submit it with --gres=gpu:2" in said) != begins
    assert not job.told("scontrol")


@pytest.mark.parametrize("gpus", ["", "2"])
def test_a_container_gets_the_settings_the_secrets_and_the_gpu_of_its_job(
    job: Job, gpus: str
) -> None:
    settings = (SLURM / "settings.example.sh").read_text() + "SCRATCH=$STUBS/scratch\n"

    job.run(0, settings, SLURM_JOB_GPUS=gpus, CUDA_VISIBLE_DEVICES=gpus)

    called = job.told("apptainer")
    command = shlex.join(called["arguments"])
    scratch = called["env"]["SYNTRUST_WORKER__SCRATCH"]
    assert ("--nv" in called["arguments"]) == bool(gpus)
    assert (
        f"--bind {scratch} --bind /shared/syntrust/secrets:/shared/syntrust/secrets:ro" in command
    )
    assert f"/images/segmenter.sif --ends-at {END_S - 180}" in command
    for name in ("SYNTRUST_WORKER__SCRATCH", "SYNTRUST_QUEUE__URL_FILE", "CUDA_VISIBLE_DEVICES"):
        assert called["env"][f"APPTAINERENV_{name}"] == called["env"][name]
