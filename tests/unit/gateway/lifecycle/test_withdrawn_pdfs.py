"""A PDF lists every case, so it goes with a withdrawn one, whoever shares the report."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.gateway.lifecycle.test_withdrawn_reports import (
    ADMIN,
    LEFT_OUT,
    TESTED,
    run,
    withdraw,
    write,
)
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import Kind, StepMessage
from syntrust_core.contracts.report import PrintReport
from syntrust_core.errors import NotFound
from syntrust_core.runtime.runner import StepContext
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import RunState
from syntrust_gateway.experiments.answers.printed import read_pdf
from syntrust_gateway.experiments.answers.results import ReportFile
from syntrust_gateway.jobs.schemas import JobBody
from syntrust_gateway.lifecycle.collection import Collector
from syntrust_gateway.lifecycle.verification import Verifier


def print_out(message: StepMessage, context: StepContext) -> None:
    if isinstance(message, PrintReport):
        path = context.scratch / "report.pdf"
        path.write_text("%PDF")
        context.add(path.name, path)
    else:
        write(message, context)


@pytest.fixture
def served(harness: OrchestratorHarness) -> Container:
    return Container(harness.write, harness.read, harness.store, harness.coordinator)


def begin(served: Container, experiment: str) -> str:
    """Ask for a PDF that is not there yet; the job."""
    job = read_pdf(served, ADMIN, experiment)
    assert isinstance(job, JobBody)
    return job.id


def pdfs(harness: OrchestratorHarness) -> list[str]:
    return [item.key for item in harness.store.list("artifacts/print_report/")]


@pytest.mark.parametrize("split", [TESTED, LEFT_OUT], ids=["named", "left out"])
def test_a_pdf_that_is_there_goes_if_it_names_the_case(
    harness: OrchestratorHarness, served: Container, ready: str, split: dict[str, Any]
) -> None:
    experiment = run(harness, ready, split)
    begin(served, experiment)
    harness.drain(print_out)
    assert isinstance(read_pdf(served, ADMIN, experiment), ReportFile)

    withdraw(served, ready)

    assert bool(pdfs(harness)) is (split is LEFT_OUT)
    if split is LEFT_OUT:
        assert isinstance(read_pdf(served, ADMIN, experiment), ReportFile)
    else:
        with pytest.raises(NotFound, match="p0, which was withdrawn"):
            read_pdf(served, ADMIN, experiment)
    verifier = Verifier(harness.write, harness.read, harness.store, sizes_only=False, repairs=False)
    assert verifier.verify().findings == ()
    assert Collector(harness.write, harness.read, harness.store, harness.coordinator).find() == []


@pytest.mark.parametrize("handed_out", [False, True])
def test_a_pdf_that_is_being_made_is_not_published(
    harness: OrchestratorHarness, served: Container, ready: str, *, handed_out: bool
) -> None:
    job = begin(served, run(harness, ready, TESTED))
    late = harness.submit_until(Kind.PRINT_REPORT) if handed_out else None

    done = withdraw(served, ready)
    if late is not None:
        harness.bench.attempt(late, print_out)
    harness.drain(print_out)

    assert done.failed_runs == [job]
    assert harness.run(job).state is RunState.FAILED
    assert not [key for key in pdfs(harness) if "manifest" in key]


def test_the_pdf_of_an_experiment_without_the_case_is_made_all_the_same(
    harness: OrchestratorHarness, served: Container, ready: str
) -> None:
    experiment = run(harness, ready, LEFT_OUT)
    job = begin(served, experiment)

    done = withdraw(served, ready)
    harness.drain(print_out)

    assert done.failed_runs == []
    assert harness.run(job).state is RunState.SUCCEEDED
    assert isinstance(read_pdf(served, ADMIN, experiment), ReportFile)
