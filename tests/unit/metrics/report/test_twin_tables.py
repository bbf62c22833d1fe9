"""What the report says of twins: the same numbers as the results, and no more than they support."""

import re
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.as_json import summarise_twins

from syntrust_core.contracts.report import ReportCase
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_metrics.experiment.wording import PATIENTS, PHANTOMS
from syntrust_metrics.fidelity.schema import (
    AREAS,
    FEATURES,
    LESIONS,
    Diversity,
    Measure,
    TwinComparison,
    TwinMeasures,
)
from syntrust_metrics.html import render
from syntrust_metrics.report.twin_tables import build_twin_view, describe_privacy


def comparison(rng: np.random.Generator, *, alike: float, twins: int) -> TwinComparison:
    def table(areas: Any = AREAS) -> Any:
        return {
            m: {a: Measure(value=float(rng.uniform(0.6, 0.9))) for a in areas} for m in MODALITIES
        }

    def features() -> Any:
        return {
            m: {a: {f: float(rng.normal()) for f in FEATURES} for a in AREAS} for m in MODALITIES
        }

    def twin() -> TwinMeasures:
        correlation = {m: Measure(value=float(rng.normal(alike, 0.02))) for m in MODALITIES}
        return TwinMeasures(
            ms_ssim=table(),
            psnr=table(),
            histogram=table(),
            contrast=table(LESIONS),
            features=features(),
            residual_correlation=correlation,
        )

    several = Diversity(sd=table(), ms_ssim={m: Measure(value=0.7) for m in MODALITIES})
    return TwinComparison(
        voxels=dict.fromkeys(AREAS, 100),
        outside_view=7,
        tumour_outside_view=2,
        block_mm=(4.0, 4.0, 4.0),
        contrast=table(LESIONS),
        features=features(),
        twins=tuple(twin() for _ in range(twins)),
        diversity=several if twins > 1 else None,
    )


def summed(seen: int, unseen: int, *, gain: float = 0.0, twins: int = 1) -> Any:
    rng = np.random.default_rng(0)
    cases, found = [], {}
    for i in range(seen + unseen):
        step = f"{i:064x}"
        was_seen = i < seen
        cases.append(
            ReportCase(
                id=f"c{i}",
                group=None,
                case=step,
                twin=step,
                part="test",
                seen=was_seen,
                comparison=step,
            )
        )
        found[step] = comparison(rng, alike=0.2 + gain * was_seen, twins=twins)
    return summarise_twins(found, cases)


def test_too_few_sources_leave_memorisation_undecided() -> None:
    said = describe_privacy(summed(3, 25)["privacy"])

    assert said == (
        "Memorisation: undecided. Only 3 of the sources were seen by the generator; at least 20 "
        "are needed."
    )


def test_no_sign_of_memorisation_is_not_called_privacy() -> None:
    said = describe_privacy(summed(25, 30)["privacy"])

    assert said.startswith("Memorisation: no sign of it, from 25 seen and 30 unseen sources (")
    assert said.endswith("No sign is not a proof of privacy.")


def test_memorisation_is_said_plainly() -> None:
    said = describe_privacy(summed(25, 30, gain=0.3)["privacy"])

    assert said == (
        "Memorisation: twins resemble cases the generator was trained on more than cases it has "
        "never seen (25 seen and 30 unseen sources, adjusted p < 0.001). Do not hand out these "
        "twins."
    )


def test_twins_of_phantoms_are_not_compared_with_real_images() -> None:
    view = build_twin_view(summed(20, 20, twins=2), PHANTOMS)

    page = render("report_twins.html", wording=PHANTOMS, twins=view)

    assert not re.search(r"\breal\b", page, re.IGNORECASE)
    assert "Reference images against twins" in page


@pytest.mark.parametrize("twins", [1, 2])
def test_fidelity_stands_with_its_numbers_and_directions(twins: int) -> None:
    found = summed(20, 20, twins=twins)

    view = build_twin_view(found)
    assert view is not None
    page = render("report_twins.html", wording=PATIENTS, twins=view)

    estimate = found["fidelity"]["ms_ssim"]["t1"]["brain"]
    assert f"{estimate['value']:.3f}" in page
    assert f"{estimate['ci'][0]:.3f} to {estimate['ci'][1]:.3f}" in page
    assert f"{found['fidelity']['contrast']['flair']['ET']['difference']['value']:.2f}"[-4:] in page
    assert "280 brain voxels lie outside of what it draws, 80 of them tumour" in view.scope
    assert "nearness to its source is no merit" in page
    assert ("Twins of one label map among themselves, 40 cases." in page) is (twins == 2)
