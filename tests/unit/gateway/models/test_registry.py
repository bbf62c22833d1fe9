"""Segmenters in the registry: trained by experiments, listed, told whole, exported."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.unit.gateway.api_harness import HISTORY, ApiHarness, key_of, play, send
from tests.unit.gateway.conftest import SEGMENTER_CARD, Api

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import PredictCases, TrainSegmenter
from syntrust_core.contracts.job_steps import ExportBundle
from syntrust_core.observability.training_curves import MOST_POINTS
from syntrust_core.runtime.runner import StepContext, StepHandler
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Model, Step, StepState
from syntrust_gateway.models.training_history import make_history

MASK = {"seg": b"a mask", "brain": b"a brain"}


def mark_inspected(container: Container, dataset: str) -> None:
    """Make what inspected the cases of a dataset known as done."""
    with container.write.begin() as session:
        for step in session.scalars(select(Case.step).where(Case.dataset_id == dataset)):
            done = Step(id=step, kind=Kind.INSPECT_CASE, message={}, needs=[])
            done.state = StepState.DONE
            session.add(done)


def train(
    api: Api, harness: ApiHarness, dataset: str, *, work: StepHandler = play, **fields: Any
) -> dict[str, Any]:
    """Run an experiment of one α to its end; the segmenter that is listed first afterwards."""
    body = {"dataset": dataset, "alphas": [1], **fields}
    answer = api.post("/experiments", json=body)
    assert answer.status_code == 202, answer.text
    harness.drain(work)
    model: dict[str, Any] = api.get("/models", params={"kind": "segmenter"}).json()["items"][0]
    return model


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def trained(
    api: Api, container: Container, harness: ApiHarness, ready_dataset: str
) -> dict[str, Any]:
    mark_inspected(container, ready_dataset)
    return train(api, harness, ready_dataset, name="first", alphas=[0.5, 1], seeds=[4])


@pytest.fixture
def start_weights(
    store: MemoryStore, put_artifact: Callable[[Ref, dict[str, bytes]], Manifest]
) -> Ref:
    """Start weights named `brats21`, as an operator publishes them."""
    ref = Ref(kind=Kind.IMPORTED_MODEL, id="3" * 64)
    card = {"layout": "brats21", "preset": "full", "head": "regions", "source": "fold0.pt"}
    content = json.dumps({**card, "weights_digest": "4" * 64}).encode()
    put_artifact(ref, {"start.json": content, "weights.safetensors": b"weights"})
    entry = {"id": ref.id, "kind": "start_weights"}
    store.put("models/names/brats21.json", json.dumps(entry).encode())
    return ref


def test_a_segmenter_is_listed_with_what_it_is_and_what_made_it(
    api: Api, trained: dict[str, Any]
) -> None:
    items = api.get("/models").json()["items"]

    assert [item["kind"] for item in items] == ["segmenter", "segmenter", "generator"]
    assert (trained["origin"], trained["preset"], trained["parameters"]) == ("trained", "tiny", 11)
    assert (trained["seen_cases"], trained["revision"]) == (2, "abc123")
    assert trained["grid"] == {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}
    assert trained["validation_dice"] == {"real": {"ET": 0.5, "ED": None}}
    alphas = [item["made_by"]["alphas"] for item in items[:2]]
    assert sorted(alphas) == [[0.5], [1.0]]
    assert (trained["made_by"]["name"], trained["made_by"]["seed"]) == ("first", 4)


@pytest.mark.parametrize("by", ["name", "id", "step"])
def test_a_segmenter_is_told_whole_by_name_by_id_and_by_the_step_that_trained_it(
    api: Api, store: MemoryStore, harness: ApiHarness, trained: dict[str, Any], by: str
) -> None:
    steps = {m.step_id: m for m in harness.computed if isinstance(m, TrainSegmenter)}
    wanted = trained[by] if by != "step" else next(s for s in steps if s[:12] in trained["name"])

    body = api.get(f"/models/{wanted}").json()

    message = next(m for s, m in steps.items() if s[:12] in body["name"])
    assert body["id"] == trained["id"]
    assert body["card"]["training_digest"] == body["training"]["digest"]
    assert {f"{int(image.case)}" for image in message.train} == {
        case["id"].removeprefix("case-") for case in body["training"]["cases"]
    }
    assert set(body["files"]) == {
        *("config.json", "history.json", "MODEL_CARD.md", "weights.safetensors"),
    }
    assert json.loads(store.get(key_of(body["files"]["config.json"]["url"]))) == SEGMENTER_CARD
    assert body["history"]["loss"] == [0.9, 0.5]
    assert body["history"]["validation"] == [
        {"iteration": 2, "image": "real", "dice": {"ET": 0.6, "ED": None}}
    ]


def test_a_segmenter_is_noted_once_however_many_experiments_want_it(
    api: Api, container: Container, harness: ApiHarness, ready_dataset: str, trained: dict[str, Any]
) -> None:
    again = train(api, harness, ready_dataset, name="second", alphas=[1], seeds=[4])

    with container.read() as session:
        assert session.scalar(select(func.count()).select_from(Model)) == 2
    assert again["made_by"]["name"] == "first"


def test_a_model_whose_files_are_gone_stops_nothing(
    api: Api, store: MemoryStore, container: Container, harness: ApiHarness, ready_dataset: str
) -> None:
    mark_inspected(container, ready_dataset)
    body = {"dataset": ready_dataset, "alphas": [1]}
    experiment = api.post("/experiments", json=body).json()["id"]

    def lose(message: Any, context: Any) -> None:
        path = context.scratch / "file"
        path.write_text("{}")
        context.add("file", path)

    harness.drain(lose)

    assert api.get(f"/experiments/{experiment}").json()["state"] == "succeeded"
    assert api.get("/models", params={"kind": "segmenter"}).json()["items"] == []


def test_segmenters_of_another_are_as_good_as_none(stranger: Api, trained: dict[str, Any]) -> None:
    for wanted in (trained["id"], trained["name"]):
        assert stranger.get(f"/models/{wanted}").status_code == 404
        assert stranger.post(f"/models/{wanted}/bundle").status_code == 404
    assert [item["name"] for item in stranger.get("/models").json()["items"]] == ["tiny"]


@pytest.mark.parametrize(
    ("kind", "names"), [("generator", ["tiny"]), ("start_weights", ["brats21"])]
)
def test_a_list_may_be_asked_for_one_kind(
    api: Api, trained: dict[str, Any], start_weights: Ref, kind: str, names: list[str]
) -> None:
    items = api.get("/models", params={"kind": kind}).json()["items"]

    assert [item["name"] for item in items] == names


def test_start_weights_are_told_with_their_layout(api: Api, start_weights: Ref) -> None:
    body = api.get("/models/brats21").json()

    assert (body["kind"], body["layout"], body["preset"]) == ("start_weights", "brats21", "full")
    assert "weights.safetensors" in body["files"]


def test_a_segmenter_draws_no_images_and_the_refusal_says_what_it_is(
    api: Api, store: MemoryStore, ready_dataset: str, trained: dict[str, Any]
) -> None:
    drawing = {"upload": send(api, store, MASK), "generator": {"model": trained["name"]}}
    experiment = {"dataset": ready_dataset, "alphas": [1]} | {"generator": drawing["generator"]}
    training = {"dataset": ready_dataset, "iterations": 1, "start": trained["name"]}

    answers = [
        api.post("/syntheses", json=drawing),
        api.post("/experiments", json=experiment),
        api.post("/models", json={"name": "x", "train": training}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert [answer.json()["errors"][0]["pointer"] for answer in answers] == [
        *("/generator/model", "/generator/model", "/train/start"),
    ]
    assert all("a generator is needed here" in answer.json()["detail"] for answer in answers)


def test_a_segmenter_is_exported_as_a_bundle_by_a_job(
    api: Api, harness: ApiHarness, trained: dict[str, Any]
) -> None:
    accepted = api.post(f"/models/{trained['name']}/bundle")
    harness.drain()

    job = api.get(f"/jobs/{accepted.json()['id']}").json()
    (export,) = (m for m in harness.computed if isinstance(m, ExportBundle))
    assert (accepted.status_code, job["kind"], job["state"]) == (202, "model_export", "succeeded")
    assert export.model.kind is Kind.TRAIN_SEGMENTER
    assert set(job["files"]) == {"bundle.zip", "metadata.json"}
    assert api.get(f"/jobs/{job['id']}/result").status_code == 200


@pytest.mark.usefixtures("generator")
def test_a_generator_is_no_bundle(api: Api) -> None:
    answer = api.post("/models/tiny/bundle")

    assert answer.status_code == 422
    assert "tiny is a generator; a segmenter is needed here" in answer.json()["detail"]


def test_a_long_history_is_thinned_evenly_and_keeps_both_ends() -> None:
    total = 10_000
    history = {"loss": list(range(total)), "learning_rate": [0.0] * total, "validation": []}

    body = make_history(history)

    assert len(body.loss) == MOST_POINTS
    assert (body.iteration[0], body.iteration[-1], body.loss[-1]) == (1, total, total - 1)
    steps = {after - before for before, after in pairwise(body.iteration)}
    assert max(steps) - min(steps) <= 1


def test_an_experiment_names_its_start_weights_and_no_generator(
    api: Api, start_weights: Ref, ready_dataset: str
) -> None:
    def ask(**segmenter: Any) -> Any:
        body = {"dataset": ready_dataset, "alphas": [1], "segmenter": segmenter}
        return api.post("/experiments", json=body)

    accepted, generator, unknown = (
        ask(preset="full", start="brats21"),
        ask(start="tiny"),
        ask(start="unheard-of"),
    )

    assert accepted.json()["spec"]["segmenter"]["start"]["model"]["id"] == start_weights.id
    assert [answer.status_code for answer in (accepted, generator, unknown)] == [202, 422, 422]
    for refused in (generator, unknown):
        assert refused.json()["errors"][0]["pointer"] == "/segmenter/start"
    assert "a segmenter or start weights of a segmenter" in generator.json()["detail"]


def test_predictions_of_a_segmenter_are_linked_by_the_ids_of_the_cases(
    api: Api, container: Container, store: MemoryStore, harness: ApiHarness, ready_dataset: str
) -> None:
    def predict(message: StepMessage, context: StepContext) -> None:
        play(message, context)
        if isinstance(message, PredictCases):
            for image in message.images:
                path = context.scratch / f"{image.case}.p-ET.nii.gz"
                path.write_text(image.case)
                context.add(path.name, path)

    mark_inspected(container, ready_dataset)
    model = train(api, harness, ready_dataset, work=predict)
    where = f"/experiments/{model['made_by']['experiment']}/predictions"

    body = api.get(where, params={"model": model["name"]}).json()
    again = api.get(where, params={"model": model["name"], "test_set": "synthetic_again"})
    other = api.get(where, params={"model": "tiny"})

    case, step = next(iter(body["cases"].items()))
    assert int(step) == int(case.removeprefix("case-"))
    assert store.get(key_of(body["files"][f"{case}.p-ET.nii.gz"]["url"])) == step.encode()
    assert "predictions.json" in body["files"]
    assert len(body["files"]) == 1 + len(body["cases"])
    assert (again.status_code, "no second twins" in again.json()["detail"]) == (404, True)
    assert (other.status_code, "has no segmenter" in other.json()["detail"]) == (404, True)


def test_predictions_of_another_and_of_the_future_are_not_there(
    api: Api, stranger: Api, container: Container, harness: ApiHarness, ready_dataset: str
) -> None:
    mark_inspected(container, ready_dataset)
    model = train(api, harness, ready_dataset)
    with container.write.begin() as session:
        for step in session.scalars(select(Step).where(Step.kind == Kind.PREDICT_CASES)):
            step.state = StepState.WAITING
    where = f"/experiments/{model['made_by']['experiment']}/predictions"

    early, anothers = (
        caller.get(where, params={"model": model["name"]}) for caller in (api, stranger)
    )

    assert (early.status_code, anothers.status_code) == (409, 404)


def test_a_segmenter_that_an_operator_published_is_everybodys(
    stranger: Api,
    store: MemoryStore,
    put_artifact: Callable[[Ref, dict[str, bytes]], Manifest],
) -> None:
    ref = Ref(kind=Kind.IMPORTED_MODEL, id="2" * 64)
    files = {"config.json": SEGMENTER_CARD, "history.json": HISTORY}
    put_artifact(ref, {name: json.dumps(content).encode() for name, content in files.items()})
    entry = {"id": ref.id, "kind": "segmenter"}
    store.put("models/names/ours-1.json", json.dumps(entry).encode())
    images = {role: role.encode() for role in ("t1", "t1ce", "t2", "flair")}

    body = stranger.get("/models/ours-1").json()
    upload = send(stranger, store, images)
    job = stranger.post("/segmentations", json={"upload": upload, "model": "ours-1"})

    assert (body["origin"], body["made_by"], body["training"]["cases"]) == ("shipped", None, None)
    assert body["seen_cases"] == 2
    assert job.status_code == 202, job.text
    assert job.json()["request"]["model"]["model"] == {"kind": "imported_model", "id": ref.id}
