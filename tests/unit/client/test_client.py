"""`Client` against a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from syntrust import (
    Client,
    Conflict,
    DatasetRefused,
    ExperimentFailed,
    NotFound,
    Refused,
    ServerFailed,
    SynTrustError,
    TimedOut,
    Unauthenticated,
    UnfitFolder,
    Unreachable,
)
from syntrust.experiments import FIGURES


class Answer(Protocol):
    def __call__(self, status: int = ..., body: Any = ..., media: str = ...) -> Any: ...


def state(name: str, done: int = 0) -> dict[str, Any]:
    return {
        "id": "e1",
        "state": name,
        "steps": {"done": done, "total": 3, "by_kind": {}},
        "running": [],
        "error": None,
    }


def event(body: dict[str, Any]) -> str:
    return f"event: state\ndata: {json.dumps(body)}\n\n"


def problem(detail: str, *errors: dict[str, str], slug: str = "invalid-request") -> dict[str, Any]:
    return {"type": f"urn:syntrust:problem:{slug}", "detail": detail, "errors": list(errors)}


def test_the_key_is_sent_to_the_gateway(server: Any, client: Client, answer: Answer) -> None:
    server.on("GET /datasets/d1", answer(body={"id": "d1"}))

    assert client.datasets.get("d1")["id"] == "d1"
    assert server.asked[0].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthenticated),
        (403, Unauthenticated),
        (404, NotFound),
        (409, Conflict),
        (422, Refused),
    ],
)
def test_a_problem_becomes_the_error_of_its_status(
    server: Any, client: Client, answer: Answer, status: int, kind: type[Refused]
) -> None:
    wrong = {"pointer": "/alphas/1", "detail": "0.5 is listed twice; name each value once."}
    server.on("POST /experiments", answer(status, problem("The request is wrong.", wrong)))

    with pytest.raises(kind) as caught:
        client.experiments.create("d1", [0.5, 0.5])

    assert str(caught.value) == (
        "The request is wrong.\n/alphas/1: 0.5 is listed twice; name each value once."
    )
    assert caught.value.slug == "invalid-request"
    assert caught.value.errors == (wrong,)


def test_a_read_is_tried_again_until_the_server_is_back(
    server: Any, client: Client, answer: Answer
) -> None:
    server.on("GET /datasets/d1", answer(503), answer(0), answer(body={"id": "d1"}))

    assert client.datasets.get("d1")["id"] == "d1"
    assert len(server.asked) == 3


def test_a_request_that_makes_something_is_repeated_under_one_key(
    server: Any, client: Client, answer: Answer
) -> None:
    busy = problem("Being answered.", slug="still-working")
    away = problem("Not ready.", slug="unavailable")
    made = answer(202, {"id": "e1"})
    server.on("POST /experiments", answer(0), answer(503, away), answer(409, busy), made)

    assert client.experiments.create("d1", [0])["id"] == "e1"
    assert client.experiments.create("d1", [0])["id"] == "e1"

    *first, second = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert len(first) == 4
    assert len(set(first)) == 1
    assert second not in first


def test_a_caller_may_choose_the_key(server: Any, client: Client, answer: Answer) -> None:
    server.on("POST /experiments", answer(202, {"id": "e1"}))

    client.experiments.create("d1", [0], idempotency_key="night-7")

    assert server.asked[0].headers["Idempotency-Key"] == '"night-7"'
    assert "idempotency_key" not in server.asked[0].json()


def test_a_conflict_is_told_at_once(server: Any, client: Client, answer: Answer) -> None:
    server.on("POST /experiments", answer(409, problem("Not ready.", slug="conflict")))

    with pytest.raises(Conflict):
        client.experiments.create("d1", [0])

    assert len(server.asked) == 1


def test_a_limit_is_waited_for_unless_it_lasts_long(server: Any, answer: Any) -> None:
    limited = problem("Too many.", slug="rate-limited")
    full = problem("Full.", slug="quota-exceeded")
    soon, late = {"Retry-After": "9"}, {"Retry-After": "3600"}
    server.on("GET /datasets/d1", answer(429, limited, headers=soon), answer(body={"id": "d1"}))
    server.on("POST /uploads", answer(429, full, headers=late))
    paused: list[float] = []

    with Client(server.url, "secret", pause=paused.append) as client:
        assert client.datasets.get("d1")["id"] == "d1"
        with pytest.raises(Refused, match="Full") as caught:
            client.jobs.upload({})

    assert paused == [9.0]
    assert caught.value.slug == "quota-exceeded"


def test_no_server_is_an_error_of_its_own_after_some_patience(
    no_pause: Callable[[float], None],
) -> None:
    client = Client("http://127.0.0.1:9", "key", pause=no_pause)

    with client, pytest.raises(Unreachable, match=r"No answer from http://127\.0\.0\.1:9"):
        client.health()


def test_another_web_server_is_recognised(server: Any, client: Client, answer: Answer) -> None:
    server.on("GET /datasets/d1", answer(body="<html>", media="text/html"))

    with pytest.raises(ServerFailed, match="its answer is not JSON"):
        client.datasets.get("d1")


def test_lists_are_read_to_their_last_page(server: Any, client: Client, answer: Answer) -> None:
    server.on("GET /datasets", answer(body={"items": [{"id": "a"}], "next": "c 1"}))
    server.on("GET /datasets?cursor=c+1", answer(body={"items": [{"id": "b"}], "next": None}))

    assert [item["id"] for item in client.datasets.list()] == ["a", "b"]


def test_an_id_cannot_lead_to_another_path(server: Any, client: Client, answer: Answer) -> None:
    server.on("GET /datasets/..%2Fexperiments", answer(404, problem("none")))

    with pytest.raises(NotFound):
        client.datasets.get("../experiments")
    with pytest.raises(Refused, match="is not an id"):
        client.datasets.get("..")


def test_refused_cases_are_told_with_file_field_and_reason(
    server: Any, client: Client, answer: Answer
) -> None:
    flaw = {"file": "seg", "field": "labels", "reason": "Holds label 7."}
    cases = [
        {"id": "good", "state": "ready", "problems": []},
        {"id": "bad", "state": "refused", "problems": [flaw]},
    ]
    server.on(
        "GET /datasets/d1",
        answer(body={"id": "d1", "state": "inspecting", "cases": []}),
        answer(body={"id": "d1", "state": "open", "cases": cases}),
    )

    with pytest.raises(DatasetRefused, match=r"bad: seg: labels: Holds label 7\.") as caught:
        client.datasets.wait("d1")

    assert caught.value.problems == {"bad": [flaw]}


def test_waiting_for_a_dataset_that_nobody_committed_says_so(
    server: Any, client: Client, answer: Answer
) -> None:
    server.on("GET /datasets/d1", answer(body={"id": "d1", "state": "open", "cases": []}))

    with pytest.raises(SynTrustError, match="is open; add its cases and commit it first"):
        client.datasets.wait("d1")


def test_waiting_has_an_end_when_one_is_given(server: Any, client: Client, answer: Answer) -> None:
    server.on("GET /experiments/e1", answer(body=state("running")))

    with pytest.raises(TimedOut, match="it goes on"):
        client.experiments.wait("e1", timeout_s=0)


def test_a_failed_experiment_raises_with_the_servers_sentence(
    server: Any, client: Client, answer: Answer
) -> None:
    failed = {**state("failed"), "error": {"slug": "out-of-memory", "text": "Lower the patch."}}
    server.on("GET /experiments/e1", answer(body=failed))

    with pytest.raises(ExperimentFailed, match=r"e1 failed: Lower the patch\.") as caught:
        client.experiments.wait("e1")

    assert caught.value.state["state"] == "failed"


def test_watching_reads_the_event_stream_to_the_final_state(
    server: Any, client: Client, answer: Answer
) -> None:
    first, last = state("running"), state("succeeded", 3)
    stream = ": ping\n\n" + event(first) + event(state("running", 1)) + event(last)
    server.on("GET /experiments/e1", answer(body=first))
    server.on("GET /experiments/e1/events", answer(body=stream, media="text/event-stream"))

    seen = [(item["state"], item["steps"]["done"]) for item in client.experiments.watch("e1")]

    assert seen == [("running", 0), ("running", 1), ("succeeded", 3)]


@pytest.mark.parametrize("status", [0, 503])
def test_watching_falls_back_to_asking_when_the_stream_breaks(
    server: Any, client: Client, answer: Answer, status: int
) -> None:
    server.on(
        "GET /experiments/e1", answer(body=state("running")), answer(body=state("succeeded", 3))
    )
    server.on("GET /experiments/e1/events", answer(status))

    assert [item["state"] for item in client.experiments.watch("e1")] == ["running", "succeeded"]


def test_watching_goes_on_where_a_cut_stream_ended(
    server: Any, client: Client, answer: Answer
) -> None:
    server.on("GET /experiments/e1", answer(body=state("running")))
    server.on(
        "GET /experiments/e1/events",
        answer(body=event(state("running", 1)), media="text/event-stream"),
        answer(body=event(state("cancelled", 1)), media="text/event-stream"),
    )

    assert [item["state"] for item in client.experiments.watch("e1")][-1] == "cancelled"


def test_an_event_may_span_lines_and_a_ping_is_none(
    server: Any, client: Client, answer: Answer
) -> None:
    told = json.dumps(state("cancelled", 1), indent=1).replace("\n", "\ndata: ")
    stream = f": ping\n\nevent: other\ndata: x\n\nevent: state\ndata: {told}\n\n"
    server.on("GET /experiments/e1", answer(body=state("running")))
    server.on("GET /experiments/e1/events", answer(body=stream, media="text/event-stream"))

    seen = [item["state"] for item in client.experiments.watch("e1")]

    assert seen == ["running", "cancelled"]


def test_results_of_another_experiment_are_not_written_over_unless_asked_to(
    server: Any, client: Client, answer: Answer, tmp_path: Path
) -> None:
    server.on("GET /experiments/e1/results", answer(body={"digest": "sha256:00"}))
    server.other = lambda _: answer(404, body={})
    (tmp_path / "results.json").write_text('{"digest": "sha256:11"}')

    with pytest.raises(UnfitFolder, match="holds the results of another experiment"):
        client.experiments.save("e1", tmp_path)

    assert (tmp_path / "results.json").read_text() == '{"digest": "sha256:11"}'
    with pytest.raises(NotFound):  # of results.csv: it went on
        client.experiments.save("e1", tmp_path, replace=True)


def test_saving_writes_results_report_and_every_figure_there_is(
    server: Any, client: Client, answer: Answer, tmp_path: Path
) -> None:
    server.on("GET /experiments/e1/results", answer(body={"digest": "sha256:00", "α": 0.5}))
    server.on("GET /experiments/e1/results.csv", answer(body="case,value\n", media="text/csv"))
    server.on("GET /experiments/e1/report.html", answer(body="<p>α</p>", media="text/html"))
    for name in FIGURES:
        for media in ("svg", "png"):
            route = f"GET /experiments/e1/figures/{name}.{media}"
            there = answer(body=f"{name} {media}")
            server.on(route, answer(404, body={}) if name == "fig2" else there)

    client.experiments.save("e1", tmp_path / "out")

    names = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert json.loads((tmp_path / "out" / "results.json").read_text())["α"] == 0.5
    assert (tmp_path / "out" / "results.csv").read_text() == "case,value\n"
    assert (tmp_path / "out" / "report.html").read_text() == "<p>α</p>"
    assert names == {f"{name}.{media}" for name in FIGURES[1:] for media in ("svg", "png")}
    assert (tmp_path / "out" / "figures" / "floors.svg").read_bytes() == b"floors svg"


def test_a_pdf_is_waited_for_while_the_server_makes_it(
    server: Any, client: Client, answer: Answer
) -> None:
    making, path = answer(202, {"id": "j1", "state": "queued"}), "/experiments/e1/report.pdf"
    made = answer(body=b"%PDF-1.7", media="application/pdf")
    server.on(f"GET {path}", making, making, made)

    assert client.experiments.pdf("e1") == b"%PDF-1.7"
    assert [asked.path for asked in server.asked] == [path] * 3


def test_a_pdf_that_cannot_be_made_is_told_with_the_servers_sentence(
    server: Any, client: Client, answer: Answer
) -> None:
    failed = answer(409, problem("The report could not be set as a PDF", slug="conflict"))
    server.on("GET /experiments/e1/report.pdf", answer(202, {}), failed)

    with pytest.raises(Conflict, match="could not be set"):
        client.experiments.pdf("e1")


def test_waiting_for_a_pdf_has_an_end_when_one_is_given(
    server: Any, client: Client, answer: Answer
) -> None:
    server.on("GET /experiments/e1/report.pdf", answer(202, {}))

    with pytest.raises(TimedOut, match="PDF of experiment e1 is not done yet"):
        client.experiments.pdf("e1", timeout_s=0)


def test_scores_go_as_csv_as_cases_or_as_a_whole_request(
    server: Any, client: Client, answer: Answer
) -> None:
    server.on("POST /trust-score", answer(body={"cases": 1}))
    cases = [{"id": "a", "real": {"ET": 1}, "synthetic": {"ET": 1}}]

    client.trust_score("case,set,region,dice\n")
    client.trust_score(cases, policy={"empty": "drop"})
    client.trust_score({"cases": cases})

    text, listed, whole = server.asked
    assert text.headers["Content-Type"] == "text/csv"
    assert listed.json() == {"cases": cases, "policy": {"empty": "drop"}}
    assert whole.json() == {"cases": cases}
