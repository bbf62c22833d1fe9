"""The report as a PDF: made when it is asked for, with the names of that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.gateway.api_harness import ApiHarness
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.tenants import GRID, make_ready, publish

from syntrust_core.contracts.base import Ref, StepMessage
from syntrust_core.contracts.report import PrintReport
from syntrust_core.errors import InvalidRequest
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, RunState


def work(message: StepMessage, context: StepContext) -> None:
    """Publish what every step gives; a PDF holds its title."""
    if isinstance(message, PrintReport):
        path = context.scratch / "report.pdf"
        path.write_text(f"%PDF {message.title}")
        context.add(path.name, path)
    else:
        publish(message, context)


def fail(message: StepMessage, context: StepContext) -> None:
    if isinstance(message, PrintReport):
        raise InvalidRequest("It cannot be set.")
    work(message, context)


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def dataset(api: Api, container: Container, generator: Ref) -> str:
    identity: str = api.post("/datasets", json={"name": "d", "grid": GRID}).json()["id"]
    make_ready(container, identity, "ab")
    return identity


@pytest.fixture
def succeeded(api: Api, container: Container, harness: ApiHarness, dataset: str) -> str:
    """An experiment that has ended and of which no PDF was asked for."""
    body = {"dataset": dataset, "alphas": [1], "name": "Sweep α"}
    experiment: str = api.post("/experiments", json=body).json()["id"]
    harness.drain(work)
    with container.read() as session:
        assert session.get_one(Experiment, experiment).state is RunState.SUCCEEDED
    return experiment


def ask(api: Api, experiment: str, **headers: str) -> httpx.Response:
    return api.get(f"/experiments/{experiment}/report.pdf", headers=headers)


def test_the_first_call_begins_a_job_and_later_ones_give_the_pdf(
    api: Api, harness: ApiHarness, succeeded: str
) -> None:
    begun, again = ask(api, succeeded), ask(api, succeeded)
    harness.drain(work)
    done = ask(api, succeeded)

    assert (begun.status_code, again.status_code) == (202, 202)
    assert begun.headers["location"] == f"/jobs/{begun.json()['id']}"
    assert begun.headers["retry-after"]
    assert begun.json()["id"] == again.json()["id"]
    assert begun.json()["kind"] == "report_pdf"
    assert done.status_code == 200
    assert done.headers["content-type"] == "application/pdf"
    assert done.content == "%PDF Sweep α".encode()
    known = ask(api, succeeded, **{"If-None-Match": done.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_an_experiment_that_was_renamed_gets_another_pdf(
    api: Api, harness: ApiHarness, succeeded: str
) -> None:
    ask(api, succeeded)
    harness.drain(work)
    api.request("PATCH", f"/experiments/{succeeded}", json={"name": None})

    begun = ask(api, succeeded)
    harness.drain(work)

    assert begun.status_code == 202
    assert ask(api, succeeded).content == b"%PDF Unnamed experiment"
    api.request("PATCH", f"/experiments/{succeeded}", json={"name": "Sweep α"})
    assert ask(api, succeeded).content == "%PDF Sweep α".encode()


def test_a_pdf_changes_nothing_of_the_results(
    api: Api, harness: ApiHarness, succeeded: str
) -> None:
    before = api.get(f"/experiments/{succeeded}").json()
    results = api.get(f"/experiments/{succeeded}/results").content

    ask(api, succeeded)
    harness.drain(work)

    assert api.get(f"/experiments/{succeeded}").json() == before
    assert api.get(f"/experiments/{succeeded}/results").content == results


def test_a_pdf_that_cannot_be_made_leaves_the_experiment_done_and_says_why(
    api: Api, harness: ApiHarness, succeeded: str
) -> None:
    job = ask(api, succeeded).json()["id"]
    harness.drain(fail)
    refused = ask(api, succeeded)

    assert refused.status_code == 409
    assert refused.json()["job"] == job
    assert "It cannot be set." in refused.json()["detail"]
    assert api.get(f"/experiments/{succeeded}").json()["state"] == "succeeded"
    assert api.get(f"/experiments/{succeeded}/report.html").status_code == 200

    api.post(f"/jobs/{job}/retry")
    harness.drain(work)
    assert ask(api, succeeded).status_code == 200


def test_there_is_no_pdf_before_the_experiment_has_ended(api: Api, dataset: str) -> None:
    body = {"dataset": dataset, "alphas": [1]}
    experiment = api.post("/experiments", json=body).json()["id"]

    assert ask(api, experiment).status_code == 409
    assert api.get("/jobs").json()["items"] == []


def test_the_pdf_is_its_owners_and_no_strangers(
    api: Api, admin: Api, stranger: Api, harness: ApiHarness, succeeded: str
) -> None:
    job = ask(admin, succeeded).json()["id"]
    harness.drain(work)

    assert ask(stranger, succeeded).status_code == 404
    assert [item["id"] for item in api.get("/jobs").json()["items"]] == [job]
    assert ask(api, succeeded).status_code == 200


def test_the_pdf_goes_with_its_experiment(
    api: Api, harness: ApiHarness, store: MemoryStore, succeeded: str
) -> None:
    job = ask(api, succeeded).json()["id"]
    harness.drain(work)
    assert [*store.list("artifacts/print_report/")]

    removed = api.delete(f"/experiments/{succeeded}?cascade=true").json()

    assert removed["jobs"] == [job]
    assert not [*store.list("artifacts/print_report/")]
    assert api.get(f"/jobs/{job}").status_code == 404


def test_a_job_that_makes_a_pdf_has_its_file_and_no_document(
    api: Api, harness: ApiHarness, succeeded: str
) -> None:
    job = ask(api, succeeded).json()["id"]
    harness.drain(work)
    body: dict[str, Any] = api.get(f"/jobs/{job}").json()

    assert body["files"].keys() == {"report.pdf"}
    assert body["request"]["experiment"] == succeeded
    assert api.get(f"/jobs/{job}/result").status_code == 404
