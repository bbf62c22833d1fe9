"""Trust factors of uploaded label maps, with the metrics service's own work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.gateway.api_harness import ApiHarness, key_of, send
from tests.unit.gateway.conftest import Api

from syntrust_core.testing import MemoryStore
from syntrust_core.testing.casemaker import lps_affine, nifti_bytes
from syntrust_gateway.container import Container
from syntrust_metrics.segmentation.volume_task import score_volumes

SHAPE = (10, 9, 8)
AFFINE = lps_affine()
Labels = np.ndarray[Any, np.dtype[np.uint8]]
POLICY = {"resamples": 0}


def label_map(seed: int, values: tuple[int, ...] = (0, 1, 2, 4)) -> Labels:
    return np.random.default_rng(seed).choice(np.array(values, np.uint8), SHAPE)


def files(seed: int, **changed: bytes) -> dict[str, bytes]:
    maps = {"seg": seed, "prediction_real": seed + 100, "prediction_synthetic": seed + 200}
    return {role: nifti_bytes(label_map(own), AFFINE) for role, own in maps.items()} | changed


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def post(api: Api, store: MemoryStore) -> Callable[..., Any]:
    """Ask for a scoring of cases by id, each with its files; the answer."""

    def make(cases: dict[str, dict[str, bytes]], **fields: Any) -> Any:
        entries = [{"id": id_, "upload": send(api, store, own)} for id_, own in cases.items()]
        return api.post("/trust-score/volumes", json={"cases": entries, "policy": POLICY, **fields})

    return make


@pytest.fixture
def accept(
    api: Api, harness: ApiHarness, post: Callable[..., Any]
) -> Callable[..., dict[str, Any]]:
    """Ask for a scoring and have it computed; the job at its end."""

    def make(cases: dict[str, dict[str, bytes]], **fields: Any) -> dict[str, Any]:
        answer = post(cases, **fields)
        assert answer.status_code == 202, answer.text
        harness.drain(score_volumes)
        job: dict[str, Any] = api.get(f"/jobs/{answer.json()['id']}").json()
        return job

    return make


def test_the_answer_is_that_of_the_trust_score_of_the_same_dice(
    api: Api, store: MemoryStore, accept: Callable[..., dict[str, Any]]
) -> None:
    job = accept({f"p{seed}": files(seed) for seed in range(4)})

    scores = store.get(key_of(job["files"]["cases.json"]["url"]))
    direct = api.post("/trust-score", content=scores, headers={"Content-Type": "application/json"})

    assert direct.status_code == 200, direct.text
    assert api.get(f"/jobs/{job['id']}/result").content == direct.content


def test_dice_is_twice_the_overlap_over_the_sum_of_sizes(
    store: MemoryStore, accept: Callable[..., dict[str, Any]]
) -> None:
    job = accept({"p0": files(0)})

    (case,) = json.loads(store.get(key_of(job["files"]["cases.json"]["url"])))["cases"]
    reference, prediction = label_map(0), label_map(100)
    for region, value in (("NCR", 1), ("ED", 2), ("ET", 4)):
        one, other = reference == value, prediction == value
        expected = 2 * np.count_nonzero(one & other) / (one.sum() + other.sum())
        assert case["real"][region] == pytest.approx(expected, abs=1e-15)


def test_progress_counts_cases(
    harness: ApiHarness, container: Container, post: Callable[..., Any]
) -> None:
    post({f"p{seed}": files(seed) for seed in range(3)})

    harness.drain(score_volumes)

    (step,) = harness.computed
    progress = container.coordinator.progress(step.step_id)
    assert progress is not None
    assert (progress.done, progress.total) == (3, 3)


def moved() -> bytes:
    return nifti_bytes(label_map(1), lps_affine(origin_mm=(51.0, 60.0, -40.0)))


def cropped() -> bytes:
    return nifti_bytes(label_map(1)[1:], AFFINE)


def labelled(*values: int) -> bytes:
    return nifti_bytes(label_map(1, values), AFFINE)


@pytest.mark.parametrize(
    ("file", "content", "field"),
    [
        ("prediction_real", moved(), "affine"),
        ("prediction_synthetic", cropped(), "shape"),
        ("prediction_real", labelled(0, 9), "label"),
        ("prediction_synthetic", b"no volume", "header"),
        ("prediction_synthetic", labelled(0, 1, 3), "label"),
    ],
    ids=["moved", "cropped", "unknown label", "no volume", "another scheme"],
)
def test_a_map_that_cannot_be_compared_is_named_with_its_case_and_what_is_wrong(
    accept: Callable[..., dict[str, Any]], file: str, content: bytes, field: str
) -> None:
    error = accept({"good": files(0), "bad": files(1, **{file: content})})["error"]

    assert (error["case"], error["file"], error["field"]) == ("bad", file, field)
    assert error["detail"].startswith(f"Case bad, {file}: ")


def test_a_rest_of_the_brain_is_not_taken_for_enhancing_tumour(
    accept: Callable[..., dict[str, Any]],
) -> None:
    whole = nifti_bytes(np.full((96, 96, 96), 4, np.uint8), AFFINE)

    error = accept({"p": dict.fromkeys(files(0), whole)})["error"]

    assert (error["file"], error["field"]) == ("seg", "label")
    assert "med_ddpm" in error["detail"]


def test_the_scheme_of_the_request_goes_before_that_of_an_upload(
    accept: Callable[..., dict[str, Any]],
) -> None:
    error = accept({"p": files(0)}, scheme="brats2023")["error"]

    assert "Label 4 is not in scheme brats2023" in error["detail"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"policy": {"empty": "guess"}}, "/policy/empty"),
        ({"scheme": "unheard-of"}, "/scheme"),
        ({"stray": 1}, "/stray"),
    ],
)
def test_a_field_that_cannot_be_met_is_refused_with_its_pointer(
    post: Callable[..., Any], fields: dict[str, Any], pointer: str
) -> None:
    answer = post({"p": files(0)}, **fields)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_cases_that_lack_a_file_or_an_upload_are_all_named(
    api: Api, store: MemoryStore, post: Callable[..., Any]
) -> None:
    lacking = files(1)
    del lacking["prediction_synthetic"]
    entries = [
        {"id": "a", "upload": send(api, store, files(0))},
        {"id": "b", "upload": send(api, store, lacking)},
        {"id": "c", "upload": "01a20451-c6f4-76c2-9217-9ac7a2fec8a5"},
    ]

    answer = api.post("/trust-score/volumes", json={"cases": entries})

    assert answer.status_code == 422
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == ["/cases/1/upload", "/cases/2/upload"]


def test_a_case_named_twice_is_refused_where_it_stands_again(api: Api) -> None:
    entry = {"id": "a", "upload": "u"}

    answer = api.post("/trust-score/volumes", json={"cases": [entry, entry]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/cases/1/id"


def test_what_auto_chose_is_told_once_for_all_cases(
    accept: Callable[..., dict[str, Any]],
) -> None:
    of_2023 = {
        role: nifti_bytes(label_map(seed, (0, 1, 2, 3)), AFFINE)
        for seed, role in enumerate(("seg", "prediction_real", "prediction_synthetic"))
    }

    job = accept({"p0": files(0), "p1": of_2023, "p2": files(2)})

    assert job["warnings"] == [
        "seg: auto read label 3 as enhancing tumour in p1.",
        "seg: auto read label 4 as enhancing tumour in p0, p2.",
    ]


def test_a_cavity_that_was_read_as_background_is_told_with_its_case(
    accept: Callable[..., dict[str, Any]],
) -> None:
    job = accept({"p0": files(0)}, scheme="brats2024")

    (warning,) = job["warnings"]
    assert warning.startswith("seg: Case p0: Label 4, the resection cavity, was read as background")


def test_a_score_does_not_mix_two_meanings_of_label_4(
    api: Api, store: MemoryStore, harness: ApiHarness
) -> None:
    first, second = (
        send(api, store, files(seed), scheme=scheme)
        for seed, scheme in ((0, "auto"), (1, "brats2024"))
    )
    cases = [{"id": "p0", "upload": first}, {"id": "p1", "upload": second}]
    posted = api.post("/trust-score/volumes", json={"cases": cases, "policy": POLICY})

    harness.drain(score_volumes)

    error = api.get(f"/jobs/{posted.json()['id']}").json()["error"]
    assert (error["case"], error["file"], error["field"]) == ("p0", "seg", "label")
    assert "the resection cavity in p1" in error["detail"]
