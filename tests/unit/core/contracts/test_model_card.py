"""Cards of models: read as workers write them, and as earlier releases wrote them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syntrust_core.contracts.model_card import (
    GeneratorCard,
    SegmenterCard,
    TrainingImage,
    parse_card,
)

OLD = {"config": {"preset": "tiny"}, "weights_digest": "6" * 64}


@pytest.mark.parametrize("label", ["a (real)", "a (twin)", "a (twin, labels of another case)"])
def test_a_training_image_is_written_as_it_is_read(label: str) -> None:
    image = TrainingImage.model_validate(label)

    assert image.case == "a"
    assert image.label() == label
    assert image.model_dump_json() == f'"{label}"'


@pytest.mark.parametrize("label", ["a", "a (real", "a (fake)", " (real)"])
def test_another_text_is_no_training_image(label: str) -> None:
    with pytest.raises(ValidationError, match="names no training image"):
        TrainingImage.model_validate(label)


def test_a_model_that_was_trained_on_folders_with_spaces_in_their_names_can_be_read() -> None:
    images = ["patient 1 (real)", "patient 1 (twin, labels of another case)", "patient 2 (real)"]

    card = parse_card("segmenter", {**OLD, "training_images": images})

    assert card.trained_on == {"patient 1", "patient 2"}


def test_a_segmenter_was_trained_on_each_case_once_however_often_it_was_seen() -> None:
    images = ["a (real)", "a (twin)", "b (twin, labels of another case)"]

    card = parse_card("segmenter", {**OLD, "training_images": images})

    assert card.trained_on == {"a", "b"}


def test_the_card_of_an_earlier_release_is_read_with_its_head_and_without_a_grid() -> None:
    card = parse_card("segmenter", OLD)

    assert isinstance(card, SegmenterCard)
    assert (card.preset, card.head, card.grid) == ("tiny", "labels", None)


def test_the_generator_of_whole_heads_draws_on_no_grid_of_ours() -> None:
    default = {"sampler": "ancestral", "steps": 250}
    card = {"domain": {"shape": [128, 128, 128]}, "default": default, "schedule_steps": 250}

    found = parse_card("generator", {**card, "seen": []})

    assert isinstance(found, GeneratorCard)
    assert found.grid is None
