"""Watching and waiting while the server restarts, and where label maps of one name go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntrust import Client, ServerFailed, SynTrustError, Unreachable


def state(name: str) -> dict[str, Any]:
    steps = {"done": 0, "total": 3, "by_kind": {}}
    return {"id": "e1", "state": name, "steps": steps, "running": [], "error": None}


@pytest.mark.parametrize("down", [0, 502, 503])
def test_watching_survives_a_server_that_restarts_and_tells_of_it_once(
    server: Any, client: Client, answer: Any, down: int
) -> None:
    gone = [answer(down)] * 30  # far longer than one request is tried again
    server.on(
        "GET /experiments/e1", answer(body=state("running")), *gone, answer(body=state("succeeded"))
    )
    heard: list[SynTrustError] = []

    states = list(client.experiments.watch("e1", on_lost=heard.append))

    assert [each["state"] for each in states] == ["running", "succeeded"]
    assert 1 <= len(heard) <= 2


def test_watching_a_server_that_was_never_there_ends_at_once(
    no_pause: Callable[[float], None],
) -> None:
    with (
        Client("http://127.0.0.1:9", "k", pause=no_pause) as client,
        pytest.raises(Unreachable, match=r"No answer from http://127\.0\.0\.1:9"),
    ):
        next(client.experiments.watch("e1"))


def test_waiting_survives_a_restart_until_its_own_end(
    server: Any, client: Client, answer: Any
) -> None:
    gone = [answer(503)] * 30
    server.on(
        "GET /datasets/d1",
        answer(body={"state": "inspecting"}),
        *gone,
        answer(body={"state": "ready"}),
    )

    assert client.datasets.wait("d1")["state"] == "ready"

    server.on("GET /experiments/e1", answer(body=state("running")), answer(503))
    with pytest.raises(ServerFailed):
        client.experiments.wait("e1", timeout_s=0.5)


def test_label_maps_of_each_model_and_test_set_have_a_folder_of_their_own(
    server: Any, client: Client, answer: Any, tmp_path: Path
) -> None:
    written = {}
    for model, test_set in (("m1", "real"), ("m1", "synthetic"), ("m/2", "real")):
        url = f"{server.url}/bucket/{test_set}-{model[-1]}"
        files = {"p1.nii.gz": {"url": url, "sha256": None}}
        quoted = model.replace("/", "%2F")
        route = f"GET /experiments/e1/predictions?model={quoted}&test_set={test_set}"
        server.on(route, answer(body={"cases": {}, "files": files}))
        server.on(
            f"GET /bucket/{test_set}-{model[-1]}", answer(body=f"{model} {test_set}".encode())
        )
        found = client.experiments.predictions("e1", model, tmp_path, test_set=test_set)
        written[model, test_set] = found["p1.nii.gz"]

    assert {key: path.read_text() for key, path in written.items()} == {
        key: " ".join(key) for key in written
    }
