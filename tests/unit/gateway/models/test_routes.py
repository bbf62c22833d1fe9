"""Models: shipped ones, and those that jobs import or train."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.api_harness import ApiHarness, key_of, send
from tests.unit.gateway.conftest import CARD, Api

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.contracts.job_steps import ImportModel, TrainGenerator
from syntrust_core.errors import CallerError
from syntrust_core.runtime.input_cache import InputCache
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Experiment, Job

MASK = {"seg": b"a mask", "brain": b"a brain"}
Import = Callable[..., Any]


@pytest.fixture
def ship(
    store: MemoryStore, put_artifact: Callable[[Ref, dict[str, bytes]], Manifest]
) -> Callable[..., None]:
    """Publish a model as its worker does, with what its card says differently."""

    def publish(name: str, **card: Any) -> None:
        ref = Ref(kind=Kind.IMPORTED_MODEL, id=name.encode().hex().ljust(64, "0"))
        put_artifact(ref, {"card.json": json.dumps(CARD | card).encode()})
        store.put(
            f"models/names/{name}.json", json.dumps({"id": ref.id, "kind": "generator"}).encode()
        )

    return publish


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def bring(api: Api, store: MemoryStore) -> Import:
    """Ask for the import of a checkpoint; the answer."""

    def make(name: str = "ours", *, caller: Api = api, **fields: Any) -> Any:
        upload = send(caller, store, {"checkpoint": b"weights"})
        return caller.post("/models", json={"name": name, "upload": upload, **fields})

    return make


def fail(_: StepMessage, __: StepContext) -> None:
    raise CallerError("weights: parameter x is missing.")


def test_shipped_models_are_listed_with_what_they_have_seen(api: Api, generator: Ref) -> None:
    body = api.get("/models").json()

    (model,) = body["items"]
    assert body["next"] is None
    assert (model["id"], model["name"], model["origin"]) == (generator.id, "tiny", "shipped")
    assert (model["seen_cases"], model["parameters"]) == (2, 7)
    assert model["grid"] == {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
    assert model["sampling"] == {"sampler": "ddim", "steps": 10}


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_model_is_told_with_its_card_and_links_to_its_files(
    api: Api, store: MemoryStore, generator: Ref, by: str
) -> None:
    body = api.get(f"/models/{'tiny' if by == 'name' else generator.id}").json()

    assert body["card"] == CARD
    assert store.get(key_of(body["files"]["model.safetensors"]["url"])) == b"weights"


@pytest.mark.parametrize("wanted", ["unheard-of", "..%2Fnames", "a%00b"])
def test_a_model_that_is_not_there_is_not_found(api: Api, wanted: str) -> None:
    assert api.get(f"/models/{wanted}").status_code == 404


@pytest.mark.usefixtures("generator")
def test_an_imported_model_draws_by_its_name_and_by_the_jobs_id(
    api: Api, store: MemoryStore, harness: ApiHarness, bring: Import
) -> None:
    job = bring(seen=["a", "b"]).json()
    harness.drain()

    for wanted in ("ours", job["id"]):
        body = {"upload": send(api, store, MASK), "generator": {"model": wanted}}
        assert api.post("/syntheses", json=body).status_code == 202
    harness.drain()

    (imported,) = (message for message in harness.computed if isinstance(message, ImportModel))
    (draw,) = (message for message in harness.computed if isinstance(message, SynthesiseCase))
    assert imported.seen == ("a", "b")
    assert draw.generator == imported.ref
    assert api.get(f"/jobs/{job['id']}").json()["state"] == "succeeded"
    assert api.get(f"/models/{job['id']}").json()["origin"] == "imported"
    assert [model["name"] for model in api.get("/models").json()["items"]] == ["ours", "tiny"]


def test_an_experiment_takes_an_imported_model(
    api: Api, container: Container, harness: ApiHarness, bring: Import, ready_dataset: str
) -> None:
    bring()
    harness.drain()

    body = {"dataset": ready_dataset, "alphas": [0], "generator": {"model": "ours"}}
    answer = api.post("/experiments", json=body)

    assert answer.status_code == 202, answer.text
    with container.read() as session:
        spec = session.get_one(Experiment, answer.json()["id"]).spec
    assert spec["generator"]["model"]["kind"] == "import_model"


@pytest.mark.usefixtures("generator")
def test_a_name_that_is_taken_is_refused(harness: ApiHarness, bring: Import) -> None:
    under_way = bring()
    meanwhile = bring()
    harness.drain()
    afterwards = bring()
    shipped = bring("tiny")

    assert under_way.status_code == 202
    answers = [meanwhile, afterwards, shipped]
    assert [answer.status_code for answer in answers] == [409] * 3
    assert all("choose another" in answer.json()["detail"] for answer in answers)


def test_a_name_is_free_again_after_its_job_has_failed(
    api: Api, harness: ApiHarness, bring: Import
) -> None:
    failed = bring().json()["id"]
    harness.drain(fail)

    again = bring()

    error = api.get(f"/jobs/{failed}").json()["error"]
    assert error["detail"] == "weights: parameter x is missing."
    assert again.status_code == 202


def test_models_of_another_are_as_good_as_none_and_their_names_are_free(
    stranger: Api, harness: ApiHarness, bring: Import, store: MemoryStore
) -> None:
    model = bring().json()["id"]
    harness.drain()

    assert stranger.get("/models").json()["items"] == []
    assert stranger.get("/models/ours").status_code == 404
    assert stranger.get(f"/models/{model}").status_code == 404
    assert bring(caller=stranger).status_code == 202
    body = {"upload": send(stranger, store, MASK), "generator": {"model": model}}
    assert stranger.post("/syntheses", json=body).status_code == 422


def train(api: Api, dataset: str, **fields: Any) -> Any:
    body = {"dataset": dataset, "iterations": 5, **fields}
    return api.post("/models", json={"name": "ours", "train": body})


def training(container: Container, answer: Any) -> TrainGenerator:
    """The step of a job that was accepted."""
    assert answer.status_code == 202, answer.text
    with container.read() as session:
        ((_, message),) = session.get_one(Job, answer.json()["id"]).plan
    return TrainGenerator.model_validate(message)


def test_a_training_takes_the_cases_of_a_dataset_and_the_settings_of_tiny(
    api: Api, container: Container, ready_dataset: str
) -> None:
    answer = train(api, ready_dataset, cases=["case-3", "case-1"], seed=4)

    message = training(container, answer)
    assert [case.id for case in message.cases] == ["case-1", "case-3"]
    assert message.cases[0].case == f"{1:064d}"
    assert (message.name, message.seed, message.iterations) == ("ours", 4, 5)
    assert message.config == {
        "architecture": {"base_channels": 16},
        "recipe": {"learning_rate": 0.001, "precision": "fp32"},
        "schedule_steps": 250,
        "default": {"sampler": "ddim", "steps": 10},
        "view": "brain",
    }


def test_a_training_may_go_on_from_a_model_with_its_settings(
    api: Api, container: Container, generator: Ref, ready_dataset: str
) -> None:
    message = training(container, train(api, ready_dataset, start="tiny"))

    assert message.start == generator
    assert len(message.cases) == 10


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"cases": ["case-1", "nobody"]}, "/train/cases/1"),
        ({"cases": ["case-1", "case-1"]}, "/train/cases/1"),
        ({"cases": []}, "/train/cases"),
        ({"start": "unheard-of"}, "/train/start"),
        ({"dataset": "unheard-of"}, "/train/dataset"),
        ({"iterations": 0}, "/train/iterations"),
        ({"config": None, "start": "released"}, "/train/config"),
    ],
)
def test_a_training_that_cannot_be_is_refused_with_its_pointer(
    api: Api, ship: Callable[..., None], fields: dict[str, Any], pointer: str, ready_dataset: str
) -> None:
    ship("released", recipe=None)

    answer = train(api, **({"dataset": ready_dataset} | fields))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ours"},
        {"name": "ours", "upload": "u", "train": {"dataset": "d", "iterations": 1}},
        {"name": "ours", "seen": [], "train": {"dataset": "d", "iterations": 1}},
        {"name": "../ours", "upload": "u"},
        {"name": "Ours", "upload": "u"},
    ],
)
def test_a_model_is_imported_or_trained_under_a_plain_name(api: Api, body: dict[str, Any]) -> None:
    assert api.post("/models", json=body).status_code == 422


def test_an_import_can_be_checked_before_its_checkpoint_is_sent(
    api: Api, bring: Import, ready_dataset: str
) -> None:
    def check(name: str, **fields: Any) -> Any:
        return api.post("/models?dry_run=true", json={"name": name, **fields})

    free, shipped, wrong = check("ours", seen=["a"]), check("tiny"), check("Ours")
    bring("ours")
    taken = check("ours")
    training = {"dataset": ready_dataset, "iterations": 5, "cases": ["none"]}
    unknown = check("other", train=training)

    assert (free.status_code, free.json()) == (200, {"name": "ours"})
    assert [answer.status_code for answer in (shipped, wrong, taken)] == [409, 422, 409]
    assert unknown.json()["errors"][0]["pointer"] == "/train/cases/0"
    assert len(api.get("/jobs").json()["items"]) == 1


def test_a_training_shows_its_loss_and_its_picture_while_it_runs(
    api: Api, container: Container, store: MemoryStore, harness: ApiHarness, ready_dataset: str
) -> None:
    answer = train(api, ready_dataset)
    harness.tick()
    ref = training(container, answer).ref
    context = StepContext(
        ref,
        store=store,
        coordinator=container.coordinator,
        cache=InputCache(store, harness.folder / "cache", limit_bytes=0),
        scratch=harness.folder,
        threads=1,
    )
    container.coordinator.acquire_lease(ref.id, context.attempt)
    picture = harness.folder / "samples.png"
    picture.write_bytes(b"a picture")
    context.save_live_artifact("samples.png", picture)
    context.report(2, 5, loss=0.5)

    body = api.get(f"/jobs/{answer.json()['id']}").json()

    (running,) = body["running"]
    assert running["progress"] == {"done": 2, "total": 5, "detail": {"loss": 0.5}}
    assert store.get(key_of(body["files"]["samples.png"]["url"])) == b"a picture"


@pytest.mark.usefixtures("generator")
def test_a_model_of_whole_heads_is_listed_but_draws_no_case(
    api: Api, store: MemoryStore, ship: Callable[..., None]
) -> None:
    ship("heads", domain={"shape": [128, 128, 128]})

    listed = {model["name"]: model["grid"] for model in api.get("/models").json()["items"]}
    body = {"upload": send(api, store, MASK), "generator": {"model": "heads"}}
    answer = api.post("/syntheses", json=body)

    assert listed["heads"] is None
    assert answer.json()["errors"][0]["pointer"] == "/generator/model"
