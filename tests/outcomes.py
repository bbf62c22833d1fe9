"""How each test of a run of pytest ended: `python -m tests.outcomes ARGUMENTS FILE`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


class Record:
    """A plugin of pytest that writes down how each test ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcomes: dict[str, str] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = "failed"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.outcomes[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps(self.outcomes))


@dataclass(frozen=True)
class Outcome:
    """Of one run; `why` it did not take place, or what was counted."""

    name: str
    why: str = ""
    passed: int = 0
    skipped: int = 0
    failed: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """One row of the table."""
        counts = f"{self.passed:6} {len(self.failed):6} {self.skipped:7} {self.seconds:7.0f}"
        return f"{self.name:23}" + (f"not run: {self.why}" if self.why else counts)


def outcome_of(name: str, command: Sequence[str], environ: Mapping[str, str]) -> Outcome:
    """Run pytest by `command`, which takes the path of the record as its next argument."""
    start = time.monotonic()
    with tempfile.NamedTemporaryFile() as report:
        code = subprocess.run([*command, report.name], env=environ, check=False).returncode
        outcomes = json.loads(Path(report.name).read_text() or "{}")
    failed = [test for test, outcome in outcomes.items() if outcome == "failed"]
    if code and not failed:
        failed = [f"pytest itself, with exit code {code}"]
    counts = Counter(outcomes.values())
    seconds = time.monotonic() - start
    return Outcome(name, "", counts["passed"], counts["skipped"], tuple(failed), seconds)


def table(outcomes: Sequence[Outcome]) -> str:
    """What ran and what did not, and which tests failed where."""
    lines = [f"{'':23}passed failed skipped seconds", *(outcome.line for outcome in outcomes)]
    lines += [f"FAILED on {one.name}: {test}" for one in outcomes for test in one.failed]
    return "\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[1:-1], plugins=[Record(Path(sys.argv[-1]))]))
