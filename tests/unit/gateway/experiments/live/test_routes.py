"""An experiment while it goes on: its steps one by one, and the curves of its trainings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import update
from tests.unit.gateway.api_harness import HISTORY, ApiHarness
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.tenants import GRID, make_ready, publish

from syntrust_core.contracts.base import Kind, Progress, Ref
from syntrust_core.errors import QueueUnavailable
from syntrust_core.observability.training_curves import LIVE_FILE, MOST_BYTES, make_curves
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Attempt, Step, StepState, utc_now

SPEC: Final = {"alphas": [0, 1], "seeds": [7], "controls": ["real_only"]}


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def experiment(api: Api, container: Container, harness: ApiHarness, generator: Ref) -> str:
    """A planned one of which nothing was computed."""
    dataset = api.post("/datasets", json={"name": "d", "grid": GRID}).json()["id"]
    make_ready(container, dataset, b"cases".hex())
    answer = api.post("/experiments", json={"dataset": dataset} | SPEC)
    assert answer.status_code == 202, answer.text
    harness.tick()
    identity: str = answer.json()["id"]
    return identity


def steps(api: Api, experiment: str, **params: Any) -> list[dict[str, Any]]:
    answer = api.get(f"/experiments/{experiment}/steps", params={"limit": 200} | params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def trainings(api: Api, experiment: str) -> list[dict[str, Any]]:
    answer = api.get(f"/experiments/{experiment}/training")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_before_it_is_planned_an_experiment_has_no_steps_and_no_trainings(
    api: Api, post_experiment: Callable[..., httpx.Response]
) -> None:
    identity = post_experiment(**SPEC).json()["id"]

    assert (steps(api, identity), trainings(api, identity)) == ([], [])


def test_each_step_says_what_it_is_for(api: Api, experiment: str) -> None:
    found = steps(api, experiment)

    total = api.get(f"/experiments/{experiment}").json()["steps"]["total"]
    arms = {
        kind: {
            (arm["alpha"], arm["seed"], arm["control"])
            for each in found
            for arm in each["arms"]
            if each["kind"] == kind
        }
        for kind in ("train_segmenter", "predict_cases", "score_cases")
    }
    # At α = 1 the control is the mix itself: one step for both.
    expected = {(0.0, 7, None), (1.0, 7, None), (1.0, 7, "real_only")}
    assert len(found) == total
    assert arms == dict.fromkeys(arms, expected)
    assert [len(each["arms"]) for each in found if each["kind"] == "train_segmenter"] == [1, 2]
    drawn = [each["case"] for each in found if each["kind"] == "synthesise_case"]
    assert all(case.startswith("case-") for case in drawn)
    compared = {each["case"] for each in found if each["kind"] == "compare_twin"}
    assert compared == set(drawn)
    assert found[-1]["kind"] == "build_report"
    assert (found[-1]["arms"], found[-1]["case"]) == ([], None)


def test_pages_of_steps_follow_the_plan_and_leave_none_out(api: Api, experiment: str) -> None:
    path, seen, cursor = f"/experiments/{experiment}/steps", list[str](), None
    while True:
        given: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        body = api.get(path, params={"limit": 7} | given).json()
        assert len(body["items"]) <= 7
        seen += [each["step"] for each in body["items"]]
        if (cursor := body["next"]) is None:
            break

    assert seen == [each["step"] for each in steps(api, experiment)]


def test_steps_may_be_asked_for_by_kind(api: Api, experiment: str) -> None:
    found = steps(api, experiment, kind="score_cases")

    assert {each["kind"] for each in found} == {"score_cases"}
    assert len(found) == 4


def test_a_step_tells_its_state_and_a_running_one_who_has_it_and_how_far_it_is(
    api: Api, experiment: str, coordinator: MemoryCoordinator
) -> None:
    first, second, *_ = (each["step"] for each in steps(api, experiment))
    coordinator.acquire_lease(first, "token")
    coordinator.report(first, Progress(done=3, total=10, detail={"loss": 0.5}))
    coordinator.set_queued(second)

    running, queued, *others = steps(api, experiment)

    holder = coordinator.holders()[first]
    assert running["state"] == "running"
    assert running["progress"] == {"done": 3, "total": 10, "detail": {"loss": 0.5}}
    assert running["worker"] == holder.host
    assert running["started"] is not None
    assert running["finished"] is None
    assert (queued["state"], queued["progress"], queued["worker"]) == ("queued", None, None)
    assert {each["state"] for each in others} <= {"waiting", "queued"}


def test_a_done_step_tells_when_and_where_it_was_computed(
    api: Api, experiment: str, harness: ApiHarness
) -> None:
    harness.drain(publish)

    for each in steps(api, experiment):
        assert (each["state"], each["error"]) == ("done", None)
        assert each["attempts"] >= 1
        assert each["worker"]
        assert each["started"]
        assert each["finished"]


def test_a_failed_step_tells_why_and_of_its_last_attempt(
    api: Api, experiment: str, container: Container
) -> None:
    (step, *_) = (each["step"] for each in steps(api, experiment))
    error = {"slug": "out-of-memory", "text": "Lower the patch.", "fault": "caller"}
    with container.write.begin() as session:
        failed = update(Step).where(Step.id == step)
        session.execute(failed.values(state=StepState.FAILED, error=error, attempts=2))
        for number, host in enumerate(("first", "second")):
            row = Attempt(step_id=step, attempt=str(number), host=host, started=utc_now())
            session.add(row)
            session.flush()

    found = steps(api, experiment)[0]

    assert (found["state"], found["attempts"], found["worker"]) == ("failed", 2, "second")
    assert found["error"] == {"slug": "out-of-memory", "text": "Lower the patch."}


def test_without_a_queue_server_no_step_is_known_to_run(
    api: Api, experiment: str, monkeypatch: pytest.MonkeyPatch, coordinator: MemoryCoordinator
) -> None:
    def away(*_: object) -> None:
        raise QueueUnavailable("The queue server does not answer.")

    monkeypatch.setattr(coordinator, "look_up", away)

    assert {each["state"] for each in steps(api, experiment)} == {"waiting"}


def show(store: MemoryStore, step: str, content: bytes) -> None:
    ref = Ref(kind=Kind.TRAIN_SEGMENTER, id=step)
    store.put(ref.live_artifact_key(LIVE_FILE), content)


def test_a_training_that_goes_on_shows_its_curves(
    api: Api, experiment: str, store: MemoryStore, coordinator: MemoryCoordinator
) -> None:
    mix, *_ = trainings(api, experiment)
    coordinator.acquire_lease(mix["step"], "token")
    show(store, mix["step"], make_curves(HISTORY).model_dump_json().encode())

    running, other, control = trainings(api, experiment)

    assert (mix["state"], mix["history"]) == ("waiting", None)
    assert (running["alpha"], running["seed"], running["control"]) == (0.0, 7, None)
    assert running["state"] == "running"
    assert running["iterations"] >= 1
    history = running["history"]
    assert (history["iteration"], history["loss"]) == ([1, 2], [0.9, 0.5])
    (point,) = history["validation"]
    assert (point["iteration"], point["image"]) == (2, "real")
    assert point["dice"] == {"ET": pytest.approx(0.6, abs=1e-12), "ED": None}
    assert (other["control"], control["control"]) == (None, "real_only")
    assert other["step"] == control["step"]
    assert other["history"] is None


@pytest.mark.parametrize(
    "content", [b"{", b'{"loss": [1]}', b" " * (MOST_BYTES + 1)], ids=["cut", "other", "long"]
)
def test_curves_that_cannot_be_read_are_left_out(
    api: Api, experiment: str, store: MemoryStore, content: bytes
) -> None:
    step = trainings(api, experiment)[0]["step"]

    show(store, step, content)

    assert trainings(api, experiment)[0]["history"] is None


def test_a_training_that_has_ended_keeps_its_curves(
    api: Api, experiment: str, harness: ApiHarness
) -> None:
    harness.drain(publish)

    for each in trainings(api, experiment):
        assert each["state"] == "done"
        assert each["history"]["loss"] == [0.9, 0.5]


def test_pages_of_trainings_leave_none_out(api: Api, experiment: str) -> None:
    path = f"/experiments/{experiment}/training"
    first = api.get(path, params={"limit": 2}).json()
    rest = api.get(path, params={"limit": 2, "cursor": first["next"]}).json()

    assert [*first["items"], *rest["items"]] == trainings(api, experiment)
    assert (len(first["items"]), first["next"], rest["next"]) == (2, "2", None)


def test_a_page_holds_a_bounded_number_of_curves(api: Api, experiment: str) -> None:
    answer = api.get(f"/experiments/{experiment}/training", params={"limit": 21})

    assert answer.status_code == 422


def test_the_steps_of_another_client_are_not_there(stranger: Api, experiment: str) -> None:
    for what in ("steps", "training"):
        assert stranger.get(f"/experiments/{experiment}/{what}").status_code == 404


def test_trainings_come_by_seed_and_alpha_and_controls_after_mixes(
    api: Api, experiment: str
) -> None:
    assert [(each["alpha"], each["control"]) for each in trainings(api, experiment)] == [
        (0.0, None),
        (1.0, None),
        (1.0, "real_only"),
    ]
