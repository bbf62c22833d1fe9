"""The `spec` of an answer is a request: posted again as it is, it asks for the same steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select
from tests.unit.gateway.conftest import CARD, Api

from syntrust_core.contracts.base import Kind
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, Model

pytestmark = pytest.mark.any_database
NOBODYS: Final = "01234567-89ab-7def-8123-456789abcdef"
ASKED: Final[list[dict[str, Any]]] = [
    {},
    {
        "alphas": [0, 0.25, 1],
        "seeds": [3, 1],
        "split": {"seed": 4, "test_fraction": 0.2, "validation_fraction": 0.2},
        "generator": {"model": "tiny", "steps": 7, "seed": 9, "twins": 2},
        "segmenter": {"iterations": 3, "overrides": {"batch": 1}, "probabilities": True},
        "mixing": "independent",
        "controls": ["real_only", "shuffled_masks"],
    },
]


def stored(container: Container) -> list[dict[str, Any]]:
    with container.read() as session:
        return [dict(spec) for spec in session.scalars(select(Experiment.spec))]


@pytest.mark.parametrize("fields", ASKED, ids=["defaults", "all chosen"])
def test_a_spec_posted_again_is_the_same_spec(
    api: Api,
    container: Container,
    post_experiment: Callable[..., httpx.Response],
    fields: dict[str, Any],
) -> None:
    first = post_experiment(**fields).json()

    again = api.post("/experiments", json=first["spec"])

    assert again.status_code == 202, again.text
    assert again.json()["spec"] == first["spec"]
    assert again.json()["id"] != first["id"]
    specs = stored(container)
    assert specs[0] == specs[1]


def test_a_spec_posted_again_may_have_a_name_tags_and_a_priority(
    api: Api, post_experiment: Callable[..., httpx.Response]
) -> None:
    spec = post_experiment().json()["spec"]

    again = api.post(
        "/experiments", json={**spec, "name": "again", "tags": ["b", "a"], "priority": 2}
    ).json()

    assert (again["name"], again["tags"], again["priority"]) == ("again", ["a", "b"], 2)
    assert again["spec"] == spec


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"dataset_digest": "e" * 64}, "/dataset_digest"),
        ({"alphas": ["half"]}, "/alphas/0"),
        ({"alphas": ["1.5"]}, "/alphas/0"),
        ({"train": ["case-99"]}, "/train/0"),
        ({"seeds": []}, "/seeds"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_changed_spec_is_refused_by_its_own_fields(
    api: Api,
    post_experiment: Callable[..., httpx.Response],
    changed: dict[str, Any],
    pointer: str,
) -> None:
    spec = post_experiment().json()["spec"]

    answer = api.post("/experiments", json={**spec, **changed})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_what_a_spec_costs_can_be_asked_for_too(
    api: Api, post_experiment: Callable[..., httpx.Response]
) -> None:
    spec = post_experiment().json()["spec"]

    assert api.post("/experiments?dry_run=true", json=spec).json()["spec"] == spec


def test_the_model_of_another_client_cannot_be_named_by_its_step(
    api: Api,
    container: Container,
    stranger: Api,
    post_experiment: Callable[..., httpx.Response],
) -> None:
    spec = post_experiment().json()["spec"]
    with container.write.begin() as session:
        owner = session.scalars(select(Experiment.owner)).one()
        card = {**CARD, "seen": []}
        model = {"name": "theirs", "card": card, "owner": owner + 1}
        session.add(Model(id=NOBODYS, kind=str(Kind.TRAIN_GENERATOR), step="a" * 64, **model))
    answers = []
    for step in ("a" * 64, "b" * 64):
        named = {**spec["generator"], "model": {"kind": "train_generator", "id": step}}
        answers.append(api.post("/experiments", json={**spec, "generator": named}))

    assert [answer.status_code for answer in answers] == [422, 422]
    told = [answer.text.replace("a" * 64, "…").replace("b" * 64, "…") for answer in answers]
    assert told[0] == told[1]
    assert answers[0].json()["errors"][0]["pointer"] == "/generator/model/id"
