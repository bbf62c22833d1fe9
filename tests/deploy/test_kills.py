"""`docker kill` of every container in the middle of an experiment changes no number."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.deploy.conftest import Installation, S3Choice, docker, run_demo, until

from syntrust import Client
from syntrust.errors import SynTrustError

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]

# In this order, each is killed while a step of its kind runs; the others, while any does.
ANY = "any"
VICTIMS = {
    "metrics": "inspect_case",
    "redis": ANY,
    "generator": "synthesise_case",
    "minio": ANY,
    "orchestrator": ANY,
    "segmenter": "train_segmenter",
    "postgres": ANY,
    "gateway": ANY,
}


@pytest.fixture(scope="module")
def bounded(clone: Path, s3: S3Choice, images: list[str]) -> Iterator[Installation]:
    """An installation whose workers have fewer processors than threads."""
    limits = {"SEGMENTER_CPUS": "1.5", "GENERATOR_CPUS": "1.5"}
    made = Installation(clone, s3, **limits)
    try:
        made.up()
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "5")


def test_every_container_may_be_killed_and_the_digest_is_that_of_standalone(
    bounded: Installation, expected: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "syntrust", "demo", "--url", bounded.url]
    command += ["--key-file", str(bounded.env_file)]
    with ThreadPoolExecutor(1) as pool, bounded.client() as client:
        demo = pool.submit(run_patiently, command, tmp_path)
        for name, kind in VICTIMS.items():
            wait_for(kind, client, demo)
            kill(bounded, name)

        assert demo.result() == expected


def run_patiently(command: list[str], data: Path) -> str:
    """Run the demo again if the API was away for longer than its client waits."""
    for _ in VICTIMS:
        try:
            return run_demo(command, data)
        except AssertionError as error:
            if not ("No answer" in str(error) or "503" in str(error)):
                raise
    return run_demo(command, data)


def wait_for(kind: str, client: Client, demo: Future[str]) -> None:
    """Wait until a step of this kind runs."""

    def runs() -> bool:
        if demo.done():
            pytest.fail(f"the demo ended before {kind} ran: {demo.exception() or demo.result()}")
        kinds = running(client)
        return kind in kinds or (kind == ANY and bool(kinds))

    until(runs)


def running(client: Client) -> set[str]:
    """Kinds of the steps that run now; none while the API has no answer."""
    try:
        return ask_running(client)
    except SynTrustError:
        return set()


def ask_running(client: Client) -> set[str]:
    experiments = [client.experiments.get(row["id"]) for row in client.experiments.list()]
    kinds: set[str] = {step["kind"] for experiment in experiments for step in experiment["running"]}
    if any(dataset["state"] == "inspecting" for dataset in client.datasets.list()):
        kinds.add("inspect_case")
    return kinds


def kill(installation: Installation, name: str) -> None:
    """Kill a container and start it again, as Docker does not after a `docker kill`."""
    container = installation.container(name)
    docker("kill", container)
    docker("start", container)
    until(lambda: installation.is_healthy(name), 300)
