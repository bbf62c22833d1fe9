"""The generator and segmenter as jobs of a real Slurm, with less time than a training takes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.chaos.parts import Parts, run_parts
from tests.e2e.conftest import until
from tests.e2e.slurm.cluster import MISSING, Cluster, start_cluster

from syntrust_core.settings import StorageSettings
from syntrust_standalone.servers import start_valkey

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.long,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(bool(MISSING), reason=f"needs Slurm and munge: no {', '.join(MISSING)}"),
    pytest.mark.skipif(os.getuid() != 0, reason="needs root, to run jobs of a Slurm of its own"),
]

SCRIPTS = Path(__file__).parents[3] / "slurm"
WAIT_S = 1500
THREADS = {"SYNTRUST_WORKER__THREADS": "1", "OMP_NUM_THREADS": "1"}
# Every job is told to stop two minutes after its start, which the training does not end in.
OPTIONS = ("--time=3", "--signal=B:USR1@60", "--gres=none", "--array=1", "--cpus-per-task=3")
EXPERIMENT: dict[str, Any] = {
    "split": {"seed": 0, "test_fraction": 0.34, "validation_fraction": 0},
    "generator": {"steps": 2},
    "segmenter": {"iterations": 240},
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def jobs(tmp_path: Path, storage: StorageSettings, valkey_url: str) -> Path:
    """The folder that jobs are submitted from, as a hospital fills it in."""
    folder, secret = tmp_path / "jobs", tmp_path / "jobs" / "secrets"
    shutil.copytree(SCRIPTS, folder)
    secret.mkdir(mode=0o700)
    (tmp_path / "scratch").mkdir()
    (secret / "queue-url").write_text(valkey_url)
    (secret / "storage-access-key").write_text(storage.access_key)
    (secret / "storage-secret-key").write_text(storage.secret_key.get_secret_value())
    example = (SCRIPTS / "settings.example.sh").read_text()
    (folder / "settings.sh").write_text(
        f"""{example}
SECRETS={secret}
unset IMAGES
PYTHON={sys.executable}
SCRATCH={tmp_path}/scratch
NOTICE_S=60
export SYNTRUST_QUEUE__URL_FILE=$SECRETS/queue-url
export SYNTRUST_STORAGE__ACCESS_KEY_FILE=$SECRETS/storage-access-key
export SYNTRUST_STORAGE__SECRET_KEY_FILE=$SECRETS/storage-secret-key
export SYNTRUST_STORAGE__ENDPOINT={storage.endpoint}
export SYNTRUST_STORAGE__BUCKET={storage.bucket}
export SYNTRUST_WORKER__THREADS={THREADS["SYNTRUST_WORKER__THREADS"]}
export SYNTRUST_WORKER__ASSUMED_STEP=PT1S
export SYNTRUST_WORKER__EXIT_WHEN_IDLE=PT20S
"""
    )
    return folder


def run_experiment(
    parts: Parts, cohort: Path, begin: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Give the results of the experiment on the cohort; `begin` is called before it is posted."""
    dataset = parts.upload(cohort)
    parts.commit(dataset)
    parts.comes_back(dataset)
    with parts.client() as client:
        begin()
        until(lambda: any(client.models.list("generator")))  # a generator brings its own
        posted = client.experiments.create(dataset, [1], **EXPERIMENT)["id"]
        client.experiments.wait(posted, timeout_s=WAIT_S)
        return dict(client.experiments.results(posted))


def test_an_experiment_on_slurm_ends_with_the_digest_of_one_without_though_no_job_has_the_time(
    cluster: Cluster, jobs: Path, cohort: Path, storage: StorageSettings, valkey_url: str
) -> None:
    platform, reference = jobs.parent / "platform", jobs.parent / "reference"
    platform.mkdir()
    reference.mkdir()
    sent: dict[str, str] = {}

    def submit() -> None:
        for name in ("generator", "segmenter"):
            sent[name] = cluster.submit(jobs / f"{name}.sbatch", *OPTIONS)

    with run_parts(platform, storage, valkey_url, THREADS) as parts:
        found = run_experiment(parts, cohort, submit)

        assert int(cluster.job(sent["segmenter"])["Restarts"]) >= 1
        for job in sent.values():  # idle, they end by themselves
            until(partial(ends_well, cluster, job), 400)
    assert not list((jobs.parent / "scratch").iterdir())

    other = storage.model_copy(update={"bucket": f"test-{uuid4().hex}"})
    everything = ("metrics", "generator", "segmenter")
    with (
        start_valkey(reference / "valkey") as url,
        run_parts(reference, other, url, THREADS, everything) as parts,
    ):
        assert run_experiment(parts, cohort)["digest"] == found["digest"]


def ends_well(cluster: Cluster, job: str) -> bool:
    return cluster.job(job)["JobState"] == "COMPLETED"
