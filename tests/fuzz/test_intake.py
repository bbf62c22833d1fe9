"""Mutated cases are answered or refused in a sentence, and nothing else happens."""

from __future__ import annotations

import pytest
from tests.fuzz.bounded import MOST_BYTES, read_all
from tests.fuzz.nifti_inputs import make_case, read_case


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds", [range(200), pytest.param(range(200, 2000), marks=pytest.mark.long)], ids=len
)
def test_a_mutated_case_is_ready_or_refused_by_file_and_field_in_bounded_memory(
    seeds: range,
) -> None:
    readings = read_all(read_case, seeds)

    assert [reading for reading in readings if reading.failure] == []
    assert max(reading.peak_bytes for reading in readings) < MOST_BYTES
    outcomes = {reading.answer for reading in readings}
    assert "ready" in outcomes  # not every mutation does harm
    assert len(outcomes) > len(seeds) / 10


def test_a_seed_gives_the_same_mutation_every_time() -> None:
    assert make_case(7) == make_case(7)
    assert make_case(7) != make_case(8)
