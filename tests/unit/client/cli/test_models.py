"""`syntrust model`: generators, segmenters and start weights, listed, shown and fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from tests.unit.client.answers import job

Run = Callable[..., int]
GENERATOR: Final = {
    "id": "m1",
    "kind": "generator",
    "name": "tiny",
    "origin": "shipped",
    "parameters": 7,
    "grid": {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]},
    "sampling": {"sampler": "ddim", "steps": 10},
    "seen_cases": 57,
    "created": None,
}
SEGMENTER: Final = {
    "id": "m2",
    "kind": "segmenter",
    "name": "segmenter-1",
    "origin": "trained",
    "parameters": 3_700_000,
    "grid": None,
    "preset": "tiny",
    "head": "labels",
    "weights_digest": "feed",
    "revision": "abc123",
    "seen_cases": 16,
    "validation_dice": {"real": {"ET": 0.5, "ED": None}},
    "made_by": {
        "experiment": "e1",
        "name": "first",
        "seed": 4,
        "alphas": [0.5],
        "controls": ["real_only"],
    },
    "created": "2026-11-24T10:00:00Z",
}
START: Final = {
    "id": "m3",
    "kind": "start_weights",
    "name": "brats21",
    "origin": "shipped",
    "parameters": None,
    "preset": "full",
    "head": "regions",
    "layout": "brats21",
    "source": "fold0.pt",
    "weights_digest": "beef",
    "created": None,
}


def test_models_are_listed_with_their_kind_their_grid_and_what_they_have_seen(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = GENERATOR | {"name": "heads", "grid": None}
    items = [SEGMENTER, GENERATOR, heads, START]
    server.on("GET /models", answer(body={"items": items, "next": None}))

    assert run("model", "list") == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    shown = "segmenter-1 segmenter trained native tiny, α 0.5, real_only 16 2026-11-24 10:00 m2"
    assert " ".join(lines[0].split()) == shown
    assert "64x64x64@3" in lines[1]
    assert "whole heads" in lines[2]
    assert " ".join(lines[3].split()) == "brats21 start_weights shipped full m3"


def test_a_list_of_one_kind_asks_for_it(server: Any, answer: Any, run: Run) -> None:
    server.on("GET /models?kind=segmenter", answer(body={"items": [], "next": None}))

    assert run("model", "list", "--kind", "segmenter") == 0


def test_a_segmenter_is_shown_with_what_made_it_and_how_it_validated(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /models/segmenter-1", answer(body=SEGMENTER | {"card": {}, "files": {}}))

    assert run("model", "show", "segmenter-1") == 0
    printed = capsys.readouterr().out
    assert "made by: experiment e1 (first), seed 4" in printed
    assert "revision: abc123" in printed
    assert "validation Dice, real" in printed
    assert "0.500" in printed


def test_start_weights_are_shown_with_where_they_came_from(
    server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    server.on("GET /models/brats21", answer(body=START | {"card": {}, "files": {}}))

    assert run("model", "show", "brats21") == 0
    assert "source: fold0.pt" in capsys.readouterr().out


def test_the_files_of_a_model_are_written_and_checked(
    server: Any, answer: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{server.url}/bucket/card?signed"
    digest = hashlib.sha256(b"# card").hexdigest()
    file = {"url": url, "expires": "2026", "bytes": 6, "sha256": digest}
    body = SEGMENTER | {"card": {}, "files": {"MODEL_CARD.md": file}}
    server.on("GET /models/segmenter-1", answer(body=body))
    server.on("GET /bucket/card?signed", answer(body=b"# card"))

    assert run("model", "download", "segmenter-1", "--out", str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "MODEL_CARD.md").read_bytes() == b"# card"
    assert "MODEL_CARD.md are in" in capsys.readouterr().out


def test_a_bundle_is_asked_for_waited_for_and_fetched(
    server: Any, answer: Any, run: Run, tmp_path: Path
) -> None:
    server.on("POST /models/segmenter-1/bundle", answer(202, job(server, "queued")))
    server.on("GET /jobs/j1", answer(body=job(server, "succeeded")))
    server.on("GET /bucket/t1?signed", answer(body=b"a volume"))

    assert run("model", "export", "segmenter-1", "--out", str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "t1.nii.gz").read_bytes() == b"a volume"
