"""A report with every part that its page can have but twins, and two figures as drawn."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.metrics.as_json import build_results

from syntrust_metrics.figures import draw_fig4, save_all
from syntrust_metrics.report import Contents

Maker = Callable[..., Any]
SIGNS = "≥ – × √ − ↑ ↓ ρ “”"


@pytest.fixture(scope="session")
def report(
    experiment: Maker, records_of: Maker, tmp_path_factory: pytest.TempPathFactory
) -> Contents:
    made = experiment(seeds=(0, 1), test=6, seen=3, again=True, controls=True)
    results = build_results(made.request, made.scores)
    saved = save_all({"fig4": draw_fig4(results)}, tmp_path_factory.mktemp("figures"))
    drawn = saved["fig4.svg"].read_bytes()
    provenance = {"step": "0" * 64, "long": "x" * 500, "α": SIGNS}
    figures = {"fig4": drawn, "fig5": drawn}
    return Contents(made.request, results, figures, records_of(made), provenance)
