"""Segmentations: what is accepted, what is refused and why, and what the steps are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.api_harness import ApiHarness, send
from tests.unit.gateway.conftest import SEGMENTER_CARD, Api
from tests.unit.gateway.job_documents import SEGMENTATION

from syntrust_core.contracts.base import Kind
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.contracts.job_steps import SegmentCase
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Dataset, Model, Step, StepState, new_id

IMAGES = {role: role.encode() for role in ("t1", "t1ce", "t2", "flair")}
CASE = f"{3:064d}"
"""What inspected `case-3` of the ready dataset."""
Post = Callable[..., Any]


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def segmenter(container: Container, ready_dataset: str) -> str:
    """The name of a segmenter of `api`, as the orchestrator notes it once it is trained."""
    name = "segmenter-777777777777"
    with container.write.begin() as session:
        owner = session.get_one(Dataset, ready_dataset).owner
        for step, kind in (("7" * 64, Kind.TRAIN_SEGMENTER), (CASE, Kind.INSPECT_CASE)):
            done = Step(id=step, kind=kind, message={}, needs=[], state=StepState.DONE)
            session.add(done)
        made: dict[str, Any] = {"card": SEGMENTER_CARD, "cases": [], "made_by": None}
        row = Model(id=new_id(), kind=Kind.TRAIN_SEGMENTER, step="7" * 64, name=name, card=made)
        row.owner = owner
        session.add(row)
    return name


@pytest.fixture
def post(api: Api, store: MemoryStore, segmenter: str) -> Post:
    """Ask for a segmentation of an upload of its own; the answer."""

    def ask(files: dict[str, bytes] = IMAGES, *, said: Any = "auto", **fields: Any) -> Any:
        upload = send(api, store, files, scheme=said)
        return api.post("/segmentations", json={"upload": upload, "model": segmenter, **fields})

    return ask


def test_four_images_are_inspected_on_the_models_grid_and_segmented(
    api: Api, harness: ApiHarness, segmenter: str, post: Post
) -> None:
    answer = post({**IMAGES, "brain": b"a brain", "seg": b"not read"}, probabilities=True)
    harness.drain()

    inspect, segment = harness.computed
    assert isinstance(inspect, InspectCase)
    assert isinstance(segment, SegmentCase)
    assert (inspect.purpose, set(inspect.files)) == ("images", {*IMAGES, "brain"})
    assert inspect.model_dump(mode="json")["grid"]["spacing_mm"] == [3.0, 3.0, 3.0]
    assert (segment.case, segment.probabilities) == (inspect.step_id, True)
    assert segment.model.kind is Kind.TRAIN_SEGMENTER
    job = api.get(f"/jobs/{answer.json()['id']}").json()
    assert (answer.status_code, job["kind"], job["state"]) == (202, "segmentation", "succeeded")
    assert set(job["files"]) == {"seg.nii.gz", "segmentation.json", "case.json"}
    assert job["request"]["model"]["name"] == segmenter
    assert api.get(f"/jobs/{job['id']}/result").json() == SEGMENTATION


@pytest.mark.parametrize(
    ("said", "asked", "written"),
    [
        ("auto", None, "brats2023"),
        ("brats2021", None, "brats2021"),
        ("brats2021", "med_ddpm", "med_ddpm"),
        ("auto", {"NCR": 1, "ED": 2, "ET": 4}, {"NCR": 1, "ED": 2, "ET": 4}),
    ],
)
def test_the_labels_are_those_asked_for_else_those_of_the_upload_else_the_platforms_own(
    harness: ApiHarness, post: Post, said: Any, asked: Any, written: Any
) -> None:
    answer = post(said=said, scheme=asked)
    harness.drain()

    assert answer.json()["request"]["scheme"] == written
    assert harness.computed[0].model_dump(mode="json")["scheme"] == written


def test_equal_requests_are_two_jobs_and_computed_once(harness: ApiHarness, post: Post) -> None:
    first, second = post().json()["id"], post().json()["id"]
    harness.drain()

    assert first != second
    assert harness.kinds() == [Kind.INSPECT_CASE, Kind.SEGMENT_CASE]


@pytest.mark.parametrize("missing", sorted(IMAGES))
def test_a_missing_modality_is_named(post: Post, missing: str) -> None:
    answer = post({role: content for role, content in IMAGES.items() if role != missing})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/upload"
    assert f"has no file {missing}." in answer.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "pointer", "reason"),
    [
        ({"model": "unheard-of"}, "/model", "known as a segmenter: segmenter-"),
        ({"model": "tiny"}, "/model", "tiny is a generator; a segmenter is needed here"),
        ({"model": "../tiny"}, "/model", "letters A to Z"),
        ({"upload": None}, "", "either `upload`, with four images, or `case`"),
        ({"scheme": "auto"}, "/scheme", ""),
        ({"threshold": 0.5}, "/threshold", ""),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_by_field(
    post: Post, fields: dict[str, Any], pointer: str, reason: str
) -> None:
    answer = post(**fields)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert reason in str(answer.json())


def test_a_registered_case_is_segmented_without_another_inspection(
    api: Api, harness: ApiHarness, ready_dataset: str, segmenter: str
) -> None:
    case = {"dataset": ready_dataset, "id": "case-3"}

    answer = api.post("/segmentations", json={"case": case, "model": segmenter})
    harness.drain()

    (segment,) = harness.computed
    assert isinstance(segment, SegmentCase)
    assert segment.case == CASE
    assert answer.json()["request"]["scheme"] == {"NCR": 1, "ED": 2, "ET": 4}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"case": {"id": "case-99"}}, "/case/id"),
        ({"case": {"id": "case-1", "dataset": "0197f000-0000-7000-8000-000000000000"}}, "/case"),
        ({"case": {"id": "case-1"}, "scheme": "brats2021"}, ""),
    ],
)
def test_a_registered_case_that_cannot_be_segmented_is_refused_by_field(
    api: Api, ready_dataset: str, segmenter: str, fields: dict[str, Any], pointer: str
) -> None:
    case = {"dataset": ready_dataset, **fields["case"]}

    answer = api.post("/segmentations", json={"model": segmenter, **fields, "case": case})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


def test_a_registered_case_on_other_voxels_than_the_model_was_trained_on_is_refused(
    api: Api, container: Container, ready_dataset: str, segmenter: str
) -> None:
    with container.write.begin() as session:
        case = session.get_one(Case, (ready_dataset, "case-3"))
        finer = {"shape": [64, 64, 64], "spacing_mm": [1.0, 1.0, 1.0]}
        case.record = {**(case.record or {}), "canonical": finer}

    body = {"case": {"dataset": ready_dataset, "id": "case-3"}, "model": segmenter}
    answer = api.post("/segmentations", json=body)

    assert answer.status_code == 422
    assert "1x1x1 mm" in answer.json()["detail"]
    assert "trained on 3x3x3 mm" in answer.json()["detail"]


def test_a_case_that_is_not_ready_is_a_conflict(
    api: Api, container: Container, ready_dataset: str, segmenter: str
) -> None:
    with container.write.begin() as session:
        session.get_one(Case, (ready_dataset, "case-3")).state = CaseState.REFUSED

    body = {"case": {"dataset": ready_dataset, "id": "case-3"}, "model": segmenter}

    assert api.post("/segmentations", json=body).status_code == 409


def test_uploads_cases_and_segmenters_of_another_are_as_good_as_none(
    api: Api, stranger: Api, store: MemoryStore, ready_dataset: str, segmenter: str
) -> None:
    own = send(stranger, store, IMAGES)
    case = {"dataset": ready_dataset, "id": "case-1"}

    answers = [
        stranger.post("/segmentations", json={"upload": own, "model": segmenter}),
        stranger.post("/segmentations", json={"case": case, "model": segmenter}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


def test_nobody_segments_without_a_key(nobody: Api) -> None:
    assert nobody.post("/segmentations", json={"upload": "u", "model": "m"}).status_code == 401
