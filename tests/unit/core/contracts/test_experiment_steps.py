from __future__ import annotations

import json
from pathlib import Path

import pytest

from syntrust_core.contracts.base import QUEUES, RECIPES, Kind, task_name
from syntrust_core.contracts.canonical import alpha_text, canonical_json
from syntrust_core.contracts.experiment_steps import (
    Image,
    InspectCase,
    PredictCases,
    SynthesiseCase,
    TrainSegmenter,
)
from syntrust_core.contracts.registry import MESSAGES, parse_message
from syntrust_core.errors import InvalidRequest

OLD_MESSAGES = Path(__file__).parents[3] / "data" / "messages"
A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def inspect(key: str = "uploads/1/x", sha256: str = A) -> InspectCase:
    files = {"t1": {"key": key, "bytes": 10, "sha256": sha256}}
    return InspectCase.model_validate({"files": files, "scheme": "auto", "grid": "native"})


def test_a_step_is_named_by_the_content_of_an_upload_and_not_by_its_place() -> None:
    assert inspect("uploads/1/x").step_id == inspect("uploads/2/y").step_id
    assert inspect(sha256=A).step_id != inspect(sha256=B).step_id


def test_every_part_of_a_request_is_part_of_its_identity() -> None:
    base = TrainSegmenter(train=(Image(case=A),), preset="tiny", iterations=5, seed=0)

    others = [
        base.model_copy(update={"seed": 1}),
        base.model_copy(update={"iterations": 6}),
        base.model_copy(update={"preset": "base"}),
        base.model_copy(update={"train": (Image(case=A, twin=B),)}),
        base.model_copy(update={"train": (Image(case=A, labels=B),)}),
        base.model_copy(update={"overrides": {"learning_rate": 0.1}}),
        base.model_copy(update={"recipe": 99}),
    ]

    assert len({base.step_id, *(other.step_id for other in others)}) == 8


def test_needs_name_each_artifact_once() -> None:
    message = PredictCases(model=C, images=(Image(case=A, twin=B), Image(case=A)))

    assert [(need.kind, need.id) for need in message.needs()] == [
        (Kind.TRAIN_SEGMENTER, C),
        (Kind.INSPECT_CASE, A),
        (Kind.SYNTHESISE_CASE, B),
    ]


def test_an_image_with_the_labels_of_another_case_needs_that_case_too() -> None:
    image = Image(case=A, twin=B, labels=C)

    assert [(need.kind, need.id) for need in image.needs()] == [
        (Kind.INSPECT_CASE, A),
        (Kind.SYNTHESISE_CASE, B),
        (Kind.INSPECT_CASE, C),
    ]


def test_the_manifest_key_follows_from_the_step_alone() -> None:
    message = inspect()

    assert message.ref.manifest_key == f"artifacts/inspect_case/{message.step_id}/manifest.json"


def test_every_step_has_a_message_a_queue_and_a_recipe() -> None:
    computed = set(Kind) - {Kind.IMPORTED_MODEL}

    assert set(MESSAGES) == set(QUEUES) == set(RECIPES) == computed
    assert len({task_name(kind) for kind in computed}) == len(computed)


@pytest.mark.parametrize("path", sorted(OLD_MESSAGES.glob("*.json")), ids=lambda path: path.stem)
def test_messages_of_earlier_releases_still_parse_to_the_same_step(path: Path) -> None:
    old = json.loads(path.read_text())

    message = parse_message(Kind(old["kind"]), old["message"])

    assert message.step_id == old["step"]


def test_every_kind_of_message_is_kept_as_an_example_for_later_releases() -> None:
    kept = {json.loads(path.read_text())["kind"] for path in OLD_MESSAGES.glob("*.json")}

    assert kept == {str(kind) for kind in MESSAGES}


def test_a_stray_field_is_refused() -> None:
    with pytest.raises(ValueError, match="extra"):
        parse_message(Kind.SYNTHESISE_CASE, {"stray": 1})


def test_a_message_survives_the_queue() -> None:
    message = SynthesiseCase.model_validate(
        {
            "case": A,
            "generator": {"kind": "imported_model", "id": B},
            "sampler": "ddim",
            "steps": 10,
            "seed": 3,
        }
    )

    there = json.loads(json.dumps(message.model_dump(mode="json")))

    assert parse_message(Kind.SYNTHESISE_CASE, there) == message


@pytest.mark.parametrize(
    ("alpha", "text"),
    [(0, "0"), (0.0, "0"), (1.0, "1"), (0.5, "0.5"), ("0.50", "0.5"), (0.1, "0.1")],
)
def test_alpha_is_spelt_as_its_shortest_decimal(alpha: float | str, text: str) -> None:
    assert alpha_text(alpha) == text


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan"), float("inf")])
def test_an_alpha_outside_the_unit_interval_is_refused(alpha: float) -> None:
    with pytest.raises(InvalidRequest, match="between 0 and 1"):
        alpha_text(alpha)


def test_equal_json_has_equal_bytes_whatever_the_order_of_its_keys() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1})


def test_canonical_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))
