"""Jobs paused, resumed, retried and put first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.api_harness import ApiHarness, play, send
from tests.unit.gateway.conftest import Api

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.errors import InvalidRequest
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container

pytestmark = pytest.mark.usefixtures("generator")


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def post(api: Api, store: MemoryStore) -> Callable[[], dict[str, Any]]:
    """Ask for a synthesis; the job as it was answered."""

    def make() -> dict[str, Any]:
        upload = send(api, store, {"seg": b"a mask", "brain": b"a brain"})
        job: dict[str, Any] = api.post("/syntheses", json={"upload": upload}).json()
        return job

    return make


def test_a_paused_job_is_handed_out_once_it_is_resumed(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]

    assert api.post(f"/jobs/{job}/pause").json()["state"] == "paused"
    harness.drain()
    assert api.get(f"/jobs/{job}").json()["steps"]["done"] == 0
    assert api.post(f"/jobs/{job}/resume").status_code == 202
    harness.drain()
    assert api.get(f"/jobs/{job}").json()["state"] == "succeeded"


def test_a_failed_job_that_is_retried_computes_what_is_missing(
    api: Api, harness: ApiHarness, post: Callable[..., dict[str, Any]]
) -> None:
    job = post()["id"]
    harness.drain(fail_to_draw)
    assert api.get(f"/jobs/{job}").json()["state"] == "failed"

    assert api.post(f"/jobs/{job}/retry").status_code == 202
    harness.drain()

    assert api.get(f"/jobs/{job}").json()["state"] == "succeeded"
    assert api.post(f"/jobs/{job}/retry").status_code == 409


def fail_to_draw(message: StepMessage, context: StepContext) -> None:
    if isinstance(message, SynthesiseCase):
        raise InvalidRequest("This cannot be drawn.")
    play(message, context)


def test_of_two_jobs_the_one_of_higher_priority_comes_first(
    api: Api, post: Callable[..., dict[str, Any]]
) -> None:
    post()
    second = post()["id"]

    changed = api.request("PATCH", f"/jobs/{second}", json={"priority": 2})

    assert (changed.json()["priority"], changed.json()["queue_position"]) == (2, 0)
