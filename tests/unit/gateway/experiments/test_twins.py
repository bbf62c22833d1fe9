"""What an experiment drew, and what it was drawn for, can be fetched by their owner."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.unit.gateway.api_harness import ApiHarness, key_of, play
from tests.unit.gateway.conftest import Api

from syntrust_core.contracts.base import Kind, Manifest, Ref, StepMessage
from syntrust_core.runtime.runner import StepContext
from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, Step, StepState

pytestmark = pytest.mark.any_database
FILES: Final = {
    "t1.nii.gz": b"t1",
    "labels.nii.gz": b"labels",
    "brain.nii.gz": b"brain",
    "case.json": b"{}",
}
Put = Callable[[Ref, dict[str, bytes]], Manifest]


def draw(message: StepMessage, context: StepContext) -> None:
    """Publish a twin with one image; everything else as `play` does."""
    play(message, context)
    if message.KIND is Kind.SYNTHESISE_CASE:
        path = context.scratch / "t1.nii.gz"
        path.write_bytes(b"drawn")
        context.add(path.name, path)


@pytest.fixture
def experiment(
    ready_dataset: str,
    container: Container,
    put_artifact: Put,
    post_experiment: Callable[..., httpx.Response],
) -> str:
    with container.write.begin() as session:
        for case in session.query(Case).filter_by(dataset_id=ready_dataset):
            manifest = put_artifact(Ref(kind=Kind.INSPECT_CASE, id=str(case.step)), FILES)
            session.add(
                Step(
                    id=case.step,
                    kind=Kind.INSPECT_CASE,
                    message={},
                    state=StepState.DONE,
                    manifest=manifest.model_dump(mode="json"),
                )
            )
    split = {"train": [f"case-{n}" for n in range(6)], "test": ["case-8", "case-9"]}
    found: str = post_experiment(
        alphas=[0], split=split, generator={"model": "tiny", "twins": 2}
    ).json()["id"]
    return found


@pytest.fixture
def drawn(experiment: str, container: Container, store: MemoryStore, tmp_path: Path) -> str:
    ApiHarness(container, store, tmp_path).drain(draw)
    return experiment


def test_twins_are_linked_by_case_and_number_under_names_that_say_synthetic(
    api: Api, drawn: str, store: MemoryStore
) -> None:
    body = api.get(f"/experiments/{drawn}/twins").json()

    assert (body["done"], body["total"], body["next"]) == (10, 10, None)
    assert "Synthetic" in body["warning"]
    assert [(item["case"], item["twin"]) for item in body["items"]][-3:] == [
        ("case-8", 1),
        ("case-9", 0),
        ("case-9", 1),
    ]
    last = body["items"][-1]["files"]
    assert sorted(last) == ["case-9_synthetic-1.json", "case-9_synthetic-1_t1.nii.gz"]
    assert store.get(key_of(last["case-9_synthetic-1_t1.nii.gz"]["url"])) == b"drawn"


def test_no_twin_is_told_twice_or_left_out_by_pages(api: Api, drawn: str) -> None:
    path, cursor, found = f"/experiments/{drawn}/twins?limit=3", None, []
    while True:
        page = api.get(path if cursor is None else f"{path}&cursor={cursor}").json()
        found += [(item["case"], item["twin"]) for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert len(found) == len(set(found)) == 10
    assert found == sorted(found)


def test_the_twins_of_one_case_can_be_asked_for(api: Api, drawn: str) -> None:
    body = api.get(f"/experiments/{drawn}/twins", params={"case": "case-8"}).json()

    assert [(item["case"], item["twin"]) for item in body["items"]] == [
        ("case-8", 0),
        ("case-8", 1),
    ]
    assert api.get(f"/experiments/{drawn}/twins?case=case-7").status_code == 404
    assert api.get(f"/experiments/{drawn}/twins?cursor=abc").status_code == 422


def test_a_live_experiment_has_the_twins_that_are_there(api: Api, experiment: str) -> None:
    answer = api.get(f"/experiments/{experiment}/twins")

    assert (answer.json()["done"], answer.json()["items"]) == (0, [])
    assert int(answer.headers["retry-after"]) > 0


def test_others_find_neither_twins_nor_files(stranger: Api, drawn: str, ready_dataset: str) -> None:
    assert stranger.get(f"/experiments/{drawn}/twins").status_code == 404
    assert stranger.get(f"/datasets/{ready_dataset}/cases/case-8/files").status_code == 404


def test_the_canonical_files_of_a_case_are_linked_by_names_of_the_case(
    api: Api, drawn: str, ready_dataset: str, store: MemoryStore
) -> None:
    body = api.get(f"/datasets/{ready_dataset}/cases/case-8/files").json()

    assert sorted(body["files"]) == [
        "case-8.json",
        "case-8_brain.nii.gz",
        "case-8_labels.nii.gz",
        "case-8_t1.nii.gz",
    ]
    assert store.get(key_of(body["files"]["case-8_t1.nii.gz"]["url"])) == b"t1"
    assert api.get(f"/datasets/{ready_dataset}/cases/case-77/files").status_code == 404


def test_a_withdrawn_case_has_neither_files_nor_twins(
    api: Api, drawn: str, ready_dataset: str
) -> None:
    answer = api.delete(f"/datasets/{ready_dataset}/cases/case-8")
    assert answer.status_code == 200

    body = api.get(f"/experiments/{drawn}/twins").json()
    files = api.get(f"/datasets/{ready_dataset}/cases/case-8/files")

    assert "case-8" not in json.dumps(body)
    assert body["total"] == 8
    assert files.status_code == 404
    assert "withdrawn" in files.json()["detail"]
    assert api.get(f"/experiments/{drawn}/twins?case=case-8").status_code == 404


def test_a_case_that_is_not_inspected_yet_has_no_files_yet(
    api: Api, case_files: dict[str, Any]
) -> None:
    dataset = api.post("/datasets", json={"name": "d"}).json()["id"]
    api.post(f"/datasets/{dataset}/cases", json={"id": "a", "files": case_files})

    answer = api.get(f"/datasets/{dataset}/cases/a/files")

    assert answer.status_code == 409
    assert int(answer.headers["retry-after"]) > 0
