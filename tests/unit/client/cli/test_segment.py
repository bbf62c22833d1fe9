"""Segmentations through `Client` and through the command, against a real HTTP server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.client.answers import job

from syntrust import Client, UnfitFolder

Run = Callable[..., int]
FOUND = {
    "labels": {"ET": 4, "ED": 2, "NCR": 1},
    "volumes_ml": {"ET": 1.25, "ED": 20.5, "NCR": 0.0},
    "entropy": {"ET": 0.25, "ED": 0.5, "NCR": None},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case with its mask, whose names carry the case's own."""
    case = tmp_path / "p1"
    case.mkdir()
    for name in ("t1n", "t1c", "t2w", "t2f", "seg"):
        (case / f"p1-{name}.nii.gz").write_bytes(name.encode())
    return case


@pytest.fixture
def ready(server: Any, answer: Any) -> Any:
    """A server that takes images and has the segmentation done at the second look."""
    held = {"url": None, "expires": None}
    places = dict.fromkeys(("t1", "t1ce", "t2", "flair"), held)
    server.on("POST /uploads", answer(201, {"id": "u1", "files": places}))
    server.on("POST /segmentations", answer(202, job(server, "queued")))
    looks = (answer(body=job(server, name)) for name in ("running", "succeeded"))
    server.on("GET /jobs/j1", *looks)
    server.on("GET /jobs/j1/result", answer(body=FOUND))
    server.on("GET /bucket/t1?signed", answer(body=b"a volume"))
    return server


def test_the_four_images_of_a_folder_are_sent_and_its_mask_is_not(
    client: Client, ready: Any, folder: Path
) -> None:
    client.jobs.segment(folder, "segmenter-1", scheme="brats2021", probabilities=True)

    (announced,), (asked,) = (ready.to(f"POST /{path}") for path in ("uploads", "segmentations"))
    assert set(announced.json()["files"]) == {"t1", "t1ce", "t2", "flair"}
    assert asked.json() == {
        "upload": "u1",
        "model": "segmenter-1",
        "scheme": "brats2021",
        "probabilities": True,
    }


def test_a_missing_modality_is_named_before_anything_is_sent(
    client: Client, server: Any, folder: Path
) -> None:
    (folder / "p1-t2w.nii.gz").unlink()

    with pytest.raises(UnfitFolder, match="p1 lacks t2;"):
        client.jobs.segment(folder, "segmenter-1")

    assert server.asked == []


def test_the_command_segments_a_folder_and_prints_volumes_and_how_sure_they_are(
    ready: Any, run: Run, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    code = run("segment", str(folder), "--model", "segmenter-1", "--out", str(out))

    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert (out / "t1.nii.gz").read_bytes() == b"a volume"
    assert ["ET", "4", "1.25", "0.250"] in printed
    assert ["NCR", "1", "0.00", "no", "such", "voxel"] in printed


def test_files_go_beside_the_caller_under_the_cases_name_by_default(
    ready: Any, run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run("segment", "p1", "--model", "segmenter-1") == 0
    assert (tmp_path / "p1_segmentation" / "t1.nii.gz").is_file()


def test_a_registered_case_is_named_and_nothing_is_sent(
    ready: Any, run: Run, tmp_path: Path
) -> None:
    code = run("segment", "p7", "--dataset", "d1", "--model", "m", "--out", str(tmp_path / "out"))

    (asked,) = ready.to("POST /segmentations")
    case = {"dataset": "d1", "id": "p7"}
    assert (code, asked.json()) == (0, {"case": case, "model": "m", "probabilities": False})
    assert ready.to("POST /uploads") == []


def test_labels_are_not_chosen_for_a_case_that_has_its_own(ready: Any, run: Run) -> None:
    asked = ("segment", "p7", "--dataset", "d1", "--model", "m", "--scheme", "brats2021")

    assert run(*asked) == 2
    assert ready.asked == []


def test_what_is_no_folder_ends_with_1(server: Any, run: Run, tmp_path: Path) -> None:
    assert run("segment", str(tmp_path / "absent"), "--model", "m") == 1
    assert server.asked == []
