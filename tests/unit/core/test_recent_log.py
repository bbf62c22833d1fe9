"""The last log lines of a step: what helps to understand a failure, and nothing that is secret."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from syntrust_core import log, recent_log
from syntrust_core.contracts.base import StepError
from syntrust_core.contracts.experiment_steps import ScoreCases
from syntrust_core.errors import WorkerMisconfigured
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing.step_bench import StepBench

MESSAGE = ScoreCases(prediction="a" * 64, cases=("b" * 64,))


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    log.configure()
    recent_log.clear()
    yield
    structlog.reset_defaults()


def test_an_error_record_has_the_last_lines_of_its_attempt_alone(tmp_path: Path) -> None:
    def fail(message: ScoreCases, context: StepContext) -> None:
        logger = log.get_logger(__name__)
        for number in range(30):
            logger.info("training.iteration", iteration=number)
        raise WorkerMisconfigured("No GPU here.")

    log.get_logger(__name__).info("before.the.attempt")
    bench = StepBench(tmp_path)
    bench.attempt(MESSAGE, fail)  # type: ignore[arg-type]

    [error] = bench.read_errors(MESSAGE.ref)
    assert 1 < len(error.log) <= recent_log.MOST_LINES
    assert not any("before.the.attempt" in line for line in error.log)
    assert any("iteration=29" in line for line in error.log)


def test_no_line_shows_a_secret_an_address_a_path_or_a_traceback() -> None:
    logger = log.get_logger(__name__)
    error = ValueError("at /home/mary/BraTS-7")
    logger.error("failed", exc_info=error, api_key="k-1", url="https://x/?s-1", case="BraTS-7")
    logger.info("saved to /data/patients/BraTS-7 from https://store/b?X-Amz-Signature=s-2")

    text = "\n".join(recent_log.list_lines())
    for hidden in ("BraTS-7", "k-1", "s-1", "s-2", "Traceback", "store"):
        assert hidden not in text
    assert "failed" in text


def test_an_error_without_lines_is_written_as_in_earlier_releases() -> None:
    error = StepError(fault="ours", slug="internal", text="t", host="h", at="now")

    assert "log" not in error.model_dump(mode="json")
