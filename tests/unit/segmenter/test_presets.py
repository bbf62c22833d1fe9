from __future__ import annotations

import pytest

from syntrust_core.errors import InvalidRequest
from syntrust_segmenter.presets import PRESETS, configure


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
