from __future__ import annotations

import pytest

from syntrust_core.errors import InvalidRequest
from syntrust_core.segmenter_presets import (
    CHANGEABLE,
    PRESETS,
    SegmenterConfig,
    configure,
    require_overrides,
)


def test_the_full_preset_has_the_size_of_the_paper() -> None:
    full = configure("full")

    assert (full.feature_size, full.depths, full.heads) == (48, (2, 2, 2, 2), (3, 6, 12, 24))
    assert full.patch == (128, 128, 128)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_reads_back_from_its_json(name: str) -> None:
    config = configure(name)

    assert type(config).model_validate_json(config.model_dump_json()) == config


def test_one_number_is_the_side_of_a_cubic_patch() -> None:
    assert configure("tiny", {"patch": 96}).patch == (96, 96, 96)


@pytest.mark.parametrize(
    ("overrides", "pointer"),
    [
        ({"patch": 65}, "/overrides/patch/0"),
        ({"patch": 32, "roi": None}, "/overrides"),
        ({"roi": 32}, "/overrides"),
        ({"learning_rate": 0}, "/overrides/learning_rate"),
        ({"feature_size": 13}, "/overrides/feature_size"),
        ({"heads": (5, 5, 5, 5)}, "/overrides"),
        ({"dice_weight": 0, "cross_entropy_weight": 0}, "/overrides"),
        ({"speed": 9}, "/overrides/speed"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_pointer(
    overrides: dict[str, object], pointer: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        configure("tiny", overrides)

    assert refusal.value.pointer == pointer


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match="tiny, base, full"):
        configure("huge")


VALUES = (True, False, 0, 1, 2, 12, 32, 64, 65, -1, 0.5, 1.5, 1e9, "auto", "regions", "group", "2")


@pytest.mark.parametrize("name", [*CHANGEABLE, "preset", "iterations", "heads", "speed"])
def test_what_a_request_may_override_is_what_a_training_takes(name: str) -> None:
    taken = [value for value in VALUES if is_taken(name, value)]

    for value in taken:
        found = configure("tiny", {name: value}).model_dump()[name]
        assert found in {value, (value, value, value)}
    assert bool(taken) == (name in CHANGEABLE)


def is_taken(name: str, value: object) -> bool:
    try:
        require_overrides("tiny", {name: value})
    except InvalidRequest:
        return False
    return True


def test_every_field_but_those_of_the_preset_can_be_changed_by_a_request() -> None:
    assert {*CHANGEABLE, "preset", "iterations", "depths", "heads"} == set(
        SegmenterConfig.model_fields
    )
