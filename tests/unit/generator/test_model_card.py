"""The card of a generator, as the rest of the platform reads it."""

from __future__ import annotations

from syntrust_core.contracts import model_card as contract
from syntrust_generator.checkpoints.publish import SHIPPED
from syntrust_generator.model_card import Domain, ModelCard, read_card


def test_a_generators_card_has_every_field_that_the_platform_reads() -> None:
    assert set(contract.GeneratorCard.model_fields) <= set(ModelCard.model_fields)
    assert set(contract.GeneratorDomain.model_fields) <= set(Domain.model_fields)


def test_the_card_of_the_shipped_generator_is_read_as_it_was_written() -> None:
    written = read_card(SHIPPED / "tiny")

    read = contract.parse_card("generator", written.model_dump(mode="json"))

    assert isinstance(read, contract.GeneratorCard)
    assert isinstance(written.domain, Domain)
    assert (read.domain.fit, read.parameters) == (written.domain.fit, written.parameters)
    assert [case.id for case in read.seen] == [case.id for case in written.seen]
