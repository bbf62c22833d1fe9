"""Images to look at, and names and tags, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., int]


def link(server: Any, answer: Any, name: str, content: bytes) -> dict[str, Any]:
    server.on(f"GET /bucket/{name}?signed", answer(body=content))
    url = f"{server.url}/bucket/{name}?signed"
    return {"url": url, "expires": "2026", "bytes": len(content), "sha256": None}


def test_twins_of_all_pages_are_written_by_case_with_a_hint_how_to_open_them(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a_synthetic-0_t1.nii.gz", "b_synthetic-0_t1.nii.gz"]
    items = [
        {"case": name[0], "twin": 0, "files": {name: link(server, answer, name, name.encode())}}
        for name in names
    ]
    server.on("GET /experiments/e1/twins", answer(body={"items": items[:1], "next": "c"}))
    server.on("GET /experiments/e1/twins?cursor=c", answer(body={"items": items[1:], "next": None}))

    assert run("experiment", "twins", "e1", "--out", str(tmp_path)) == 0

    assert [(tmp_path / name[0] / name).read_bytes() for name in names] == [
        name.encode() for name in names
    ]
    said = capsys.readouterr().out
    assert f"itksnap -g {tmp_path / 'a' / names[0]}" in said
    assert "3D Slicer" in said
    assert "2 synthetic images" in said


def test_no_twin_yet_is_told_in_a_sentence(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /experiments/e1/twins?case=a", answer(body={"items": [], "next": None}))

    assert run("experiment", "twins", "e1", "--case", "a", "--out", str(tmp_path)) == 1
    assert "No twin is drawn yet" in capsys.readouterr().err


def test_the_files_of_a_case_are_written_with_a_hint_that_names_image_and_labels(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a_t1ce.nii.gz", "a_labels.nii.gz"]
    files = {name: link(server, answer, name, b"volume") for name in names}
    server.on("GET /datasets/d1/cases/a/files", answer(body={"files": files}))

    assert run("dataset", "files", "d1", "a", "--out", str(tmp_path)) == 0

    hint = f"itksnap -g {tmp_path / names[0]} -s {tmp_path / names[1]}"
    assert hint in capsys.readouterr().out
    assert (tmp_path / names[0]).read_bytes() == b"volume"


@pytest.mark.parametrize("noun", ["dataset", "experiment"])
def test_name_and_tags_are_changed(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str], noun: str
) -> None:
    body = {"id": "x1", "name": "new", "tags": ["a", "b"]}
    server.on(f"PATCH /{noun}s/x1", answer(body=body))

    assert run(noun, "edit", "x1", "--name", "new", "--tags", "a, b") == 0
    assert run(noun, "edit", "x1") == 2

    assert server.asked[-1].json() == {"name": "new", "tags": ["a", "b"]}
    assert f"{noun} x1: new; tags: a, b" in capsys.readouterr().out
