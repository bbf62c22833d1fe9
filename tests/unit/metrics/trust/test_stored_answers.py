"""Stored answers of `rajababu2025/1` are read as they are, by page, report and figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from tests.unit.metrics.one_alpha import describe_equivalence, describe_versus_real

from syntrust_metrics.experiment.wording import PATIENTS
from syntrust_metrics.figures.curves import Series
from syntrust_metrics.figures.style import choose_region_look
from syntrust_metrics.report.cells import estimate_cell
from syntrust_metrics.report.verdicts import Scans
from syntrust_metrics.trust.page import SEEDS_NOT_HELD, render_trust_page
from syntrust_metrics.trust.schema.answer import TrustAnswer
from syntrust_metrics.trust.schema.inference import ModelComparison

STORED = Path(__file__).parents[3] / "data" / "stored" / "trust_answer_1.json"


@pytest.fixture(scope="module")
def stored() -> Any:
    return json.loads(STORED.read_text(encoding="utf-8"))


def test_a_stored_answer_is_what_the_types_describe(stored: Any) -> None:
    assert TypeAdapter(TrustAnswer).validate_python(stored["answer"]) == stored["answer"]
    compared = TypeAdapter(ModelComparison).validate_python(stored["versus_real"])
    assert compared == stored["versus_real"]


def test_the_page_of_a_stored_answer_says_that_its_intervals_do_not_hold_trainings(
    stored: Any,
) -> None:
    page = render_trust_page(stored["answer"])

    assert SEEDS_NOT_HELD in page
    assert stored["answer"]["digest"] in page
    assert "Definition rajababu2025/1" in page


def test_report_and_figures_read_stored_estimates(stored: Any) -> None:
    factors = stored["answer"]["factors"]
    found = factors["t3"]["NCR"]

    cell = estimate_cell(found, 3)
    line = Series("T3", choose_region_look("NCR"), [found])

    low, high = found["ci"]
    assert cell.text == f"{found['value']:.3f}"
    assert cell.small == [f"{low:.3f} to {high:.3f}", f"seed sd {found['seed_sd']:.3f}"]
    assert np.array_equal(line.bars, [[low, high]])


def test_the_report_puts_stored_verdicts_in_words(stored: Any) -> None:
    scans = Scans(PATIENTS)

    against_real = describe_versus_real(0.5, stored["versus_real"], scans)
    predicted = describe_equivalence(0.5, stored["answer"]["equivalence"], 12, scans)

    assert "worse" in against_real
    assert "undecided" in predicted
