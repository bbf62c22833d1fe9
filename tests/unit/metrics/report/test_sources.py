"""The report says on what the generator was trained, and on which grid it was measured."""

from collections.abc import Callable
from typing import Any

import pytest

from syntrust_core.contracts.case_record import CanonicalFrame
from syntrust_core.contracts.report import BuildReport, GeneratorTraining
from syntrust_core.contracts.vocabulary import ImageOrigin
from syntrust_metrics.report.sources import describe_generator_training, describe_sources

Maker = Callable[..., Any]
PATIENTS: ImageOrigin = "patients"
PHANTOMS: ImageOrigin = "phantoms"


@pytest.mark.parametrize(
    ("cases", "phantoms", "origin", "said"),
    [
        (0, 0, PATIENTS, "What the generator was trained on is not recorded."),
        (1, 0, PATIENTS, "The generator was trained on 1 case, none of them named a phantom."),
        (9, 2, PATIENTS, "The generator was trained on 9 cases, 2 of them phantoms."),
        (
            9,
            9,
            PHANTOMS,
            "The generator was trained on 9 cases, all of them phantoms, which a program made.",
        ),
        (
            9,
            9,
            PATIENTS,
            (
                "The generator was trained on 9 cases, all of them phantoms, which a program made. "
                "It has seen no patient's images, so its twins of patients look like phantoms: "
                "what is found here says nothing about a generator that was trained on patients."
            ),
        ),
    ],
)
def test_a_generator_of_phantoms_is_named_so(
    cases: int, phantoms: int, origin: ImageOrigin, said: str
) -> None:
    found = GeneratorTraining(cases=cases, phantoms=phantoms)

    assert describe_generator_training(found, origin) == said


def test_a_message_of_an_earlier_release_is_read_and_says_that_it_does_not_know(
    experiment: Maker,
) -> None:
    request = experiment().request
    old = request.model_dump(mode="json")

    assert "generator_training" not in old
    assert BuildReport.model_validate(old).step_id == request.step_id
    assert describe_sources(request, {}) == ["What the generator was trained on is not recorded."]


def test_the_grid_and_its_spacing_are_said(experiment: Maker, records_of: Maker) -> None:
    made = experiment()
    records = records_of(made)
    first = made.request.cases[0].case

    one = describe_sources(made.request, records)[1]
    other = CanonicalFrame(
        shape=(240, 240, 155), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0)
    )
    two = describe_sources(
        made.request, {**records, first: records[first].model_copy(update={"canonical": other})}
    )[1]

    assert one == (
        "All images are on a grid of 9 × 9 × 9 voxels of 1 × 1 × 1 mm; Dice and volumes are "
        "measured on it."
    )
    assert two.startswith("The images are on 2 grids, the first of 240 × 240 × 155 voxels")
