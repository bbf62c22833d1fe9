"""Faults strike small real experiments, which end as if none had; see also `make chaos`."""

from __future__ import annotations

import random

import pytest
from tests.chaos.faults import Fault
from tests.chaos.platform import Database
from tests.chaos.series import Series

BACK_S = 90.0
STRIKES = {
    "sqlite": [Fault("kill", "segmenter"), Fault("empty", "redis"), Fault("kill", "orchestrator")],
    "postgresql": [Fault("kill", "postgresql"), Fault("kill", "everything")],
}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    return Series(tmp_path_factory.mktemp("chaos"), random.Random(7))


@pytest.fixture(scope="module")
def undisturbed(series: Series) -> str:
    digest = series.disturb("sqlite", []).digest
    assert digest is not None
    return digest


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_disturbed_experiment_gives_the_undisturbed_results_and_loses_nothing(
    series: Series, undisturbed: str, database: Database
) -> None:
    outcome = series.disturb(database, STRIKES[database])

    assert outcome.wrong == []
    assert outcome.digest == undisturbed
    assert all(seconds < BACK_S for _, seconds in outcome.recoveries_s)
