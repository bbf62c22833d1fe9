"""Jobs through `Client` and through the command, against a real HTTP server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import IMAGE, job
from tests.unit.client.interruption import interrupt

from syntrust import Client, JobFailed, ServerFailed, TimedOut, UnfitFolder

Run = Callable[..., int]


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    path = tmp_path / "seg.nii.gz"
    path.write_bytes(b"a mask")
    return path


@pytest.fixture
def ready(server: Any, answer: Any) -> Any:
    """A server that takes an upload and has the job done at the second look."""
    place = {"url": f"{server.url}/bucket/seg", "expires": "2026"}
    held = {"url": None, "expires": None}
    places = {"seg": place, "brain": held, "checkpoint": place, "prediction_real": held}
    places |= {"prediction_synthetic": held}
    server.on("POST /uploads", answer(201, {"id": "u1", "files": places}))
    server.on("PUT /bucket/seg", answer())
    for route in ("/syntheses", "/models", "/trust-score/volumes"):
        server.on(f"POST {route}", answer(202, job(server, "queued")))
    server.on("POST /models?dry_run=true", answer(200, {"name": "ours"}))
    looks = (answer(body=job(server, name)) for name in ("running", "succeeded"))
    server.on("GET /jobs/j1", *looks)
    server.on("GET /bucket/t1?signed", answer(body=IMAGE))
    return server


def test_a_mask_is_sent_once_and_its_synthesis_asked_for_with_what_was_given(
    client: Client, ready: Any, mask: Path
) -> None:
    state = client.jobs.synthesise(mask, brain=mask, scheme="brats2021", steps=5)

    (announced,), (put,), (asked,) = (
        ready.to(route) for route in ("POST /uploads", "PUT /bucket/seg", "POST /syntheses")
    )
    digest = hashlib.sha256(b"a mask").hexdigest()
    assert announced.json()["scheme"] == "brats2021"
    assert announced.json()["files"]["seg"] == {"sha256": digest, "bytes": 6}
    assert (put.body, "Authorization" in put.headers) == (b"a mask", False)
    assert asked.json() == {"upload": "u1", "generator": {"steps": 5}, "twin": 0, "fit": None}
    assert state["id"] == "j1"


def test_an_upload_whose_url_has_expired_goes_on_at_a_new_one(
    client: Client, ready: Any, mask: Path, answer: Any
) -> None:
    fresh = {"seg": {"url": f"{ready.url}/bucket/fresh"}}
    ready.on("PUT /bucket/seg", answer(403))
    ready.on("GET /uploads/u1", answer(body={"files": fresh}))
    ready.on("PUT /bucket/fresh", answer())

    upload = client.jobs.upload({"seg": mask})

    assert upload == "u1"
    assert [put.body for put in ready.to("PUT /bucket/fresh")] == [b"a mask"]
    assert len(ready.to("POST /uploads")) == 1


def test_watching_a_job_tells_each_change_and_ends_with_the_job(
    client: Client, ready: Any, server: Any, answer: Any
) -> None:
    names = ("queued", "queued", "running", "running", "succeeded")
    ready.on("GET /jobs/j1", *(answer(body=job(server, name)) for name in names))

    seen = [state["state"] for state in client.jobs.watch("j1")]

    assert seen == ["queued", "running", "succeeded"]


def test_files_of_a_job_are_written_whole_and_fetched_without_the_key(
    client: Client, ready: Any, tmp_path: Path
) -> None:
    client.jobs.wait("j1")

    written = client.jobs.download("j1", tmp_path / "out")

    assert written == {"t1.nii.gz": tmp_path / "out" / "t1.nii.gz"}
    assert written["t1.nii.gz"].read_bytes() == IMAGE
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["t1.nii.gz"]
    (fetched,) = ready.to("GET /bucket/t1?signed")
    assert "Authorization" not in fetched.headers


def test_a_file_that_did_not_arrive_as_it_is_held_is_an_error(
    client: Client, ready: Any, server: Any, answer: Any, tmp_path: Path
) -> None:
    ready.on("GET /jobs/j1", answer(body=job(server, "succeeded", sha256="0" * 64)))

    with pytest.raises(ServerFailed, match=r"t1\.nii\.gz did not arrive"):
        client.jobs.download("j1", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_of_another_result_are_not_written_over_and_equal_ones_are_no_matter(
    client: Client, ready: Any, tmp_path: Path
) -> None:
    client.jobs.wait("j1")
    client.jobs.download("j1", tmp_path)
    client.jobs.download("j1", tmp_path)
    (tmp_path / "t1.nii.gz").write_bytes(b"of another job")

    with pytest.raises(UnfitFolder, match=r"holds another t1\.nii\.gz already.*another folder"):
        client.jobs.download("j1", tmp_path)

    assert (tmp_path / "t1.nii.gz").read_bytes() == b"of another job"


def test_a_failed_job_is_an_error_with_the_servers_sentence(
    client: Client, server: Any, answer: Any
) -> None:
    error = {"type": "urn:x", "detail": "brain: A brain mask is needed.", "errors": []}
    server.on("GET /jobs/j1", answer(body=job(server, "failed", error=error)))

    with pytest.raises(JobFailed, match="A brain mask is needed") as caught:
        client.jobs.wait("j1")

    assert caught.value.state["id"] == "j1"


def test_waiting_for_a_job_ends_at_the_callers_limit(
    client: Client, server: Any, answer: Any
) -> None:
    server.on("GET /jobs/j1", answer(body=job(server, "running")))

    with pytest.raises(TimedOut, match="it goes on"):
        client.jobs.wait("j1", timeout_s=-1)


def test_label_maps_are_sent_case_by_case(client: Client, ready: Any, mask: Path) -> None:
    roles = ("seg", "prediction_real", "prediction_synthetic")

    client.jobs.score_volumes({"a": dict.fromkeys(roles, mask)}, groups={"a": "site-1"})

    (asked,) = ready.to("POST /trust-score/volumes")
    assert asked.json()["cases"] == [{"id": "a", "upload": "u1", "group": "site-1"}]


def test_a_file_that_is_not_there_is_named_before_anything_is_sent(
    client: Client, server: Any, tmp_path: Path
) -> None:
    with pytest.raises(UnfitFolder, match="absent"):
        client.jobs.synthesise(tmp_path / "absent.nii.gz")

    assert server.asked == []


def test_the_command_draws_for_a_mask_and_says_where_the_images_are(
    ready: Any, run: Run, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    code = run("synthesise", str(mask), "--out", str(out), "--steps", "5", "--model", "tiny")

    printed = capsys.readouterr().out
    (asked,) = ready.to("POST /syntheses")
    assert (code, asked.json()["generator"]) == (0, {"model": "tiny", "steps": 5})
    assert (out / "t1.nii.gz").read_bytes() == IMAGE
    assert "t1.nii.gz are in" in printed
    assert "seg: Label 4 was read as ET [auto]." in printed
    assert "research use only" in printed


def test_a_job_that_failed_ends_the_command_with_1_and_why(
    ready: Any, answer: Any, run: Run, mask: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"type": "urn:x", "detail": "seg: The mask holds no tumour.", "errors": []}
    ready.on("GET /jobs/j1", answer(body=job(ready, "failed", error=error)))

    assert run("synthesise", str(mask), "--out", str(mask.parent / "out")) == 1
    assert "The mask holds no tumour." in capsys.readouterr().err


def test_a_model_is_imported_under_its_name_with_the_cases_it_has_seen(
    ready: Any, run: Run, mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tmp_path / "seen.txt"
    seen.write_text("a\nb\n")

    code = run("model", "import", str(mask), "--name", "ours", "--seen", str(seen))

    (asked,) = ready.to("POST /models")
    assert (code, asked.json()) == (0, {"name": "ours", "upload": "u1", "seen": ["a", "b"]})
    assert "model ours is ready, also as j1" in capsys.readouterr().out


def test_a_model_whose_name_is_taken_is_refused_before_its_checkpoint_is_sent(
    ready: Any, answer: Any, run: Run, mask: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = {"type": "conflict", "title": "Not possible", "detail": "You have a model ours."}
    ready.on("POST /models?dry_run=true", answer(409, taken))

    code = run("model", "import", str(mask), "--name", "ours")

    assert code == 1
    assert "You have a model ours." in capsys.readouterr().err
    assert ready.to("POST /uploads") == []


def test_a_training_is_asked_for_with_what_was_given_and_nothing_else(ready: Any, run: Run) -> None:
    code = run(
        *("model", "train", "--name", "ours", "--dataset", "d1"),
        *("--iterations", "9", "--start", "tiny", "--no-wait"),
    )

    (asked,) = ready.to("POST /models")
    train = {"dataset": "d1", "iterations": 9, "start": "tiny"}
    assert (code, asked.json()) == (0, {"name": "ours", "train": train})


def test_jobs_are_listed_and_can_be_cancelled(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /jobs", answer(body={"items": [job(server, "running")], "next": None}))
    server.on("POST /jobs/j1/cancel", answer(202, job(server, "cancelled")))

    assert run("job", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "j1"
    assert run("job", "cancel", "j1") == 0
    assert "job j1: cancelled" in capsys.readouterr().out


def test_ctrl_c_leaves_the_job_running_and_says_how_to_get_its_files(
    server: Any, answer: Any
) -> None:
    server.on("GET /jobs/j1", answer(body=job(server, "running")))

    first, rest, code = interrupt(server.url, "job", "watch", "j1", "--out", "images")

    assert first.startswith("running: 1/3 steps")
    assert code == 130
    assert "The job goes on: syntrust job watch j1 --out images" in rest
    assert {asked.method for asked in server.asked} == {"GET"}


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_a_job_is_changed_by_a_word(server: Any, client: Any, answer: Any, verb: str) -> None:
    server.on(f"POST /jobs/j1/{verb}", answer(202, {"id": "j1", "state": "queued"}))

    assert getattr(client.jobs, verb)("j1")["state"] == "queued"


def test_the_priority_of_a_job_is_sent_as_a_change(server: Any, client: Any, answer: Any) -> None:
    server.on("PATCH /jobs/j1", answer(body={"id": "j1", "priority": 3}))

    assert client.jobs.set_priority("j1", 3)["priority"] == 3
    assert server.asked[0].json() == {"priority": 3}
