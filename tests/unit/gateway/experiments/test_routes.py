"""Experiments: watched, listed, cancelled, and what they give."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pytest
from tests.unit.metrics.conftest import make_experiment

from syntrust_core.contracts.base import Kind, Manifest, Progress, Queue, Ref
from syntrust_core.errors import QueueUnavailable
from syntrust_core.runtime.coordination import StepCoordinator
from syntrust_core.testing import MemoryCoordinator
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import (
    Attempt,
    Audit,
    Dataset,
    Experiment,
    ExperimentStep,
    RunState,
    Step,
    StepState,
    utc_now,
)
from syntrust_metrics.experiment.results import build_results


@cache
def report_results() -> Mapping[str, Any]:
    """The results of a small experiment as its report step writes them."""
    made = make_experiment(alphas=("0", "1"), test=12, controls=True)
    return build_results(made.request, made.scores)


@pytest.fixture
def experiment(post_experiment: Callable[..., httpx.Response]) -> str:
    identity: str = post_experiment().json()["id"]
    return identity


def step_id(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def planned(container: Container, experiment: str) -> str:
    """The experiment with two twins, one of them drawn in 10 s, and a training to do."""
    with container.write.begin() as session:
        session.get_one(Experiment, experiment).planned = True
        kinds = [Kind.SYNTHESISE_CASE, Kind.SYNTHESISE_CASE, Kind.TRAIN_SEGMENTER]
        for number, kind in enumerate(kinds):
            session.add(Step(id=step_id(number), kind=kind, message={}, needs=[]))
            session.add(
                ExperimentStep(experiment_id=experiment, step_id=step_id(number), position=number)
            )
        session.flush()
        finish(session.get_one(Step, step_id(0)), seconds=10.0)
    return experiment


def finish(step: Step, seconds: float) -> None:
    step.state, step.done_at = StepState.DONE, utc_now()
    step.manifest, step.seconds = {"made": {"seconds": seconds}}, seconds


def test_those_who_wait_know_their_place(
    api: Any, container: Container, post_experiment: Callable[..., httpx.Response]
) -> None:
    first, second = post_experiment().json(), post_experiment().json()
    with container.write.begin() as session:
        session.get_one(Experiment, first["id"]).state = RunState.RUNNING

    assert api.get(f"/experiments/{first['id']}").json()["queue_position"] is None
    assert api.get(f"/experiments/{second['id']}").json()["queue_position"] == 1


def test_steps_are_counted_by_kind_and_running_ones_tell_their_progress(
    api: Any, coordinator: MemoryCoordinator, planned: str
) -> None:
    coordinator.acquire_lease(step_id(1), "token")
    coordinator.report(step_id(1), Progress(done=3, total=10, detail={"loss": 0.5}))
    coordinator.set_queued(step_id(2))

    body = api.get(f"/experiments/{planned}").json()

    assert body["steps"] == {
        "done": 1,
        "total": 3,
        "by_kind": {
            "synthesise_case": {"done": 1, "total": 2, "running": 1},
            "train_segmenter": {"done": 0, "total": 1, "running": 0},
        },
    }
    assert body["running"] == [
        {
            "step": step_id(1),
            "kind": "synthesise_case",
            "progress": {"done": 3, "total": 10, "detail": {"loss": 0.5}},
        }
    ]


def test_time_to_go_is_median_seconds_times_steps_over_workers(
    api: Any, container: Container, coordinator: MemoryCoordinator, planned: str
) -> None:
    with container.write.begin() as session:
        for number, seconds in enumerate((20.0, 30.0, 100.0)):
            other = Step(id=step_id(100 + number), kind=Kind.TRAIN_SEGMENTER, message={}, needs=[])
            finish(other, seconds)
            session.add(other)
    coordinator.worker_alive(Queue.SEGMENTER, "one")
    coordinator.worker_alive(Queue.SEGMENTER, "two")

    body = api.get(f"/experiments/{planned}").json()

    assert body["eta_seconds"] == pytest.approx(1 * 10.0 + 1 * 30.0 / 2)


def test_there_is_no_time_to_go_before_any_step_of_a_kind_was_timed(api: Any, planned: str) -> None:
    assert api.get(f"/experiments/{planned}").json()["eta_seconds"] is None


class _AwayBoard(MemoryCoordinator):
    """A Redis that does not answer."""

    def active(self) -> set[str]:
        raise QueueUnavailable("The queue server does not answer.")


def test_the_state_is_told_without_a_queue_server(
    with_changes: Callable[..., Any], planned: str
) -> None:
    coordinator: StepCoordinator = _AwayBoard()

    body = with_changes(coordinator=coordinator).get(f"/experiments/{planned}").json()

    assert body["steps"]["done"] == 1
    assert body["running"] == []


def test_a_live_experiment_is_cancelled_once_and_for_all(
    api: Any, container: Container, experiment: str
) -> None:
    first = api.post(f"/experiments/{experiment}/cancel")
    second = api.post(f"/experiments/{experiment}/cancel")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["state"] == "cancelled"
    assert first.json()["finished"] == second.json()["finished"] is not None
    with container.read() as session:
        audited = [row.action for row in session.query(Audit).order_by(Audit.id)]
    assert audited.count("experiment.cancel") == 1


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED])
def test_what_has_ended_cannot_be_cancelled(
    api: Any, container: Container, experiment: str, state: RunState
) -> None:
    with container.write.begin() as session:
        session.get_one(Experiment, experiment).state = state

    answer = api.post(f"/experiments/{experiment}/cancel")

    assert answer.status_code == 409
    assert api.get(f"/experiments/{experiment}").json()["state"] == state


def test_a_failure_is_told_with_its_step(api: Any, container: Container, experiment: str) -> None:
    with container.write.begin() as session:
        row = session.get_one(Experiment, experiment)
        row.state = RunState.FAILED
        row.error = {"slug": "out-of-memory", "text": "Lower it.", "step": step_id(1), "kind": "k"}

    error = api.get(f"/experiments/{experiment}").json()["error"]

    assert (error["slug"], error["text"], error["step"]) == (
        "out-of-memory",
        "Lower it.",
        step_id(1),
    )


def test_a_list_shows_own_experiments_newest_first(
    api: Any, stranger: Any, post_experiment: Callable[..., httpx.Response]
) -> None:
    made = [post_experiment(name=f"e{number}").json()["id"] for number in range(3)]

    page = api.get("/experiments?limit=2").json()
    rest = api.get("/experiments", params={"limit": 2, "cursor": page["next"]}).json()

    assert [item["id"] for item in page["items"] + rest["items"]] == made[::-1]
    assert page["items"][0]["alphas"] == [0.0, 0.5, 1.0]
    assert rest["next"] is None
    assert stranger.get("/experiments").json()["items"] == []


@pytest.mark.parametrize(
    "path",
    ["", "/events", "/results", "/results.csv", "/figures/fig2.svg", "/report.html", "/cancel"],
)
def test_others_do_not_learn_that_an_experiment_is_there(
    stranger: Any, experiment: str, path: str
) -> None:
    method = "POST" if path == "/cancel" else "GET"

    answer = stranger.request(method, f"/experiments/{experiment}{path}")

    assert answer.status_code == 404


def test_events_end_after_a_final_state(api: Any, experiment: str) -> None:
    api.post(f"/experiments/{experiment}/cancel")

    answer = api.get(f"/experiments/{experiment}/events")

    lines = [line for line in answer.text.splitlines() if line]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert lines[0] == "event: state"
    assert json.loads(lines[1].removeprefix("data: "))["state"] == "cancelled"
    assert len(lines) == 2


STORED_REPORT = (
    b"<!doctype html><html><head><title>SynTrust report</title></head><body><main></main></body>"
    b"</html>"
)


@pytest.fixture
def succeeded(
    container: Container,
    planned: str,
    put_artifact: Callable[[Ref, dict[str, bytes]], Manifest],
) -> str:
    """The experiment with its report."""
    ref = Ref(kind=Kind.BUILD_REPORT, id=step_id(3))
    files = {
        "results.json": json.dumps(report_results()).encode(),
        "report.html": STORED_REPORT,
        "fig2.svg": b"<svg/>",
        "fig2.png": b"\x89PNG",
        "bland_altman.svg": b"<svg>agreement</svg>",
        "results.csv": "case,value\nα-1,0.5\n".encode(),
    }
    manifest = put_artifact(ref, files)
    with container.write.begin() as session:
        report = Step(id=ref.id, kind=ref.kind, message={}, needs=[])
        report.state, report.manifest = StepState.DONE, manifest.model_dump(mode="json")
        session.add(report)
        session.add(ExperimentStep(experiment_id=planned, step_id=ref.id, position=3))
        session.add(
            Attempt(
                step_id=ref.id,
                attempt="attempt",
                host="worker-1",
                started=datetime(2026, 11, 22, 10, tzinfo=UTC),
            )
        )
        row = session.get_one(Experiment, planned)
        row.state, row.report_step, row.finished = RunState.SUCCEEDED, ref.id, utc_now()
    return planned


def test_results_are_the_reports_with_id_and_provenance(api: Any, succeeded: str) -> None:
    answer = api.get(f"/experiments/{succeeded}/results")

    body = answer.json()
    provenance = body.pop("provenance")
    assert answer.headers["content-type"] == "application/json"
    assert body == {**report_results(), "experiment": succeeded}
    assert provenance["experiment"]["id"] == succeeded
    assert [step["kind"] for step in provenance["steps"]][-1] == "build_report"
    assert provenance["steps"][-1]["seconds"] == 2.5
    assert provenance["steps"][-1]["attempts"] == [
        {
            "attempt": "attempt",
            "host": "worker-1",
            "started": "2026-11-22T10:00:00+00:00",
            "error": None,
        }
    ]


@pytest.mark.parametrize("path", ["results", "results.csv", "figures/fig2.svg", "report.html"])
def test_there_are_no_results_before_success(api: Any, planned: str, path: str) -> None:
    answer = api.get(f"/experiments/{planned}/{path}")

    assert answer.status_code == 409
    assert answer.json()["state"] == "queued"


@pytest.mark.parametrize(
    ("path", "media_type", "content"),
    [
        ("figures/fig2.svg", "image/svg+xml", b"<svg/>"),
        ("figures/fig2.png", "image/png", b"\x89PNG"),
        ("figures/bland_altman.svg", "image/svg+xml", b"<svg>agreement</svg>"),
        ("results.csv", "text/csv; charset=utf-8", "case,value\nα-1,0.5\n".encode()),
    ],
)
def test_files_of_a_report_can_load_and_run_nothing(
    api: Any, succeeded: str, path: str, media_type: str, content: bytes
) -> None:
    answer = api.get(f"/experiments/{succeeded}/{path}")
    again = api.get(
        f"/experiments/{succeeded}/{path}", headers={"If-None-Match": answer.headers["etag"]}
    )

    assert answer.content == content
    assert answer.headers["content-type"].startswith(media_type)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (again.status_code, again.content) == (304, b"")


def rename(container: Container, experiment: str, name: str) -> None:
    with container.write.begin() as session:
        session.get_one(Experiment, experiment).name = name


def test_a_report_is_served_with_the_names_that_its_stored_file_lacks(
    api: Any, container: Container, succeeded: str
) -> None:
    path = f"/experiments/{succeeded}/report.html"
    rename(container, succeeded, "<i>Sweep</i> of site A")

    answer = api.get(path)
    again = api.get(path, headers={"If-None-Match": answer.headers["etag"]})

    with container.read() as session:
        experiment = session.get_one(Experiment, succeeded)
        dataset = session.get_one(Dataset, experiment.dataset_id).name
    for name in ("&lt;i&gt;Sweep&lt;/i&gt; of site A", succeeded, f"<dd>{dataset}</dd>"):
        assert name in answer.text
        assert name.encode() not in STORED_REPORT
    assert "<i>Sweep" not in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'; " in answer.headers["content-security-policy"]
    assert (again.status_code, again.content) == (304, b"")


def test_a_report_under_a_new_name_is_another_page(
    api: Any, container: Container, succeeded: str
) -> None:
    path = f"/experiments/{succeeded}/report.html"
    first = api.get(path).headers["etag"]
    rename(container, succeeded, "renamed")

    answer = api.get(path, headers={"If-None-Match": first})

    assert answer.status_code == 200
    assert "renamed" in answer.text


def test_a_figure_the_report_lacks_is_not_found(api: Any, succeeded: str) -> None:
    assert api.get(f"/experiments/{succeeded}/figures/fig3.svg").status_code == 404


@pytest.mark.parametrize(
    "name", ["fig1.svg", "fig9.png", "fig2.pdf", "floorsX.svg", "results.json"]
)
def test_there_are_no_other_figures(api: Any, succeeded: str, name: str) -> None:
    assert api.get(f"/experiments/{succeeded}/figures/{name}").status_code in {404, 422}


def test_results_that_are_not_what_the_manifest_promises_are_not_given_out(
    api: Any, container: Container, succeeded: str
) -> None:
    container.store.put(f"artifacts/build_report/{step_id(3)}/attempt/results.json", b"{}")

    answer = api.get(f"/experiments/{succeeded}/results")

    assert answer.status_code == 503
    assert answer.json()["type"].endswith(":being-recomputed")
    assert api.get(f"/experiments/{succeeded}").json()["state"] == "running"
