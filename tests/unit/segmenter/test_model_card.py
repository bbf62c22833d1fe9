"""The cards of a segmenter and of start weights, as the rest of the platform reads them."""

from __future__ import annotations

from syntrust_core.contracts import model_card as contract
from syntrust_segmenter.model_card import ModelCard
from syntrust_segmenter.models.start_weights import StartCard


def test_a_segmenters_card_has_every_field_that_the_platform_reads() -> None:
    assert set(contract.SegmenterCard.model_fields) <= set(ModelCard.model_fields)


def test_a_card_of_start_weights_has_every_field_that_the_platform_reads() -> None:
    assert set(contract.StartCard.model_fields) <= set(StartCard.model_fields)
