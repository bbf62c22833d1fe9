"""A volume whose header names a patient is kept without it, and found again when it comes back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.gateway.api_harness import ApiHarness, key_of, send
from tests.unit.gateway.conftest import Api

from syntrust_core.contracts.vocabulary import MODALITIES, VOLUME_ROLES
from syntrust_core.testing import MemoryStore
from syntrust_core.testing.casemaker import lps_affine, make_volumes, nifti_bytes
from syntrust_gateway.container import Container
from syntrust_metrics.segmentation.volume_task import score_volumes
from syntrust_metrics.tasks import inspect_case

TEXT = {"descrip": b"DOE^JOHN MRN123", "aux_file": b"john.doe"}
FILES = {role: nifti_bytes(array, lps_affine(), TEXT) for role, array in make_volumes().items()}
LABELS = np.random.default_rng(0).integers(0, 3, (10, 9, 8)).astype(np.uint8)


@pytest.fixture
def harness(container: Container, store: MemoryStore, tmp_path: Path) -> ApiHarness:
    return ApiHarness(container, store, tmp_path)


@pytest.fixture
def dataset(api: Api) -> str:
    made: str = api.post("/datasets", json={"name": "d", "scheme": "brats2021"}).json()["id"]
    return made


def announce(api: Api, dataset: str) -> dict[str, Any]:
    """Register the case; where its files go."""
    announced = {
        role: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for role, content in FILES.items()
    }
    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "a", "files": announced})
    places: dict[str, Any] = answer.json()
    return places


def register(api: Api, store: MemoryStore, harness: ApiHarness, dataset: str) -> dict[str, Any]:
    """Send the case and have it inspected; where its files went."""
    places = announce(api, dataset)
    for role, place in places.items():
        if place["url"] is not None:
            store.put(key_of(place["url"]), FILES[role])
    api.post(f"/datasets/{dataset}/commit")
    harness.drain(inspect_case)
    return places


def hold_no_name(store: MemoryStore) -> bool:
    return not any(
        word in store.get(item.key).lower()
        for item in list(store.list(""))
        for word in (b"doe", b"mrn123")
    )


def test_a_case_with_a_name_in_its_headers_is_ready_and_the_store_does_not_hold_the_name(
    api: Api, store: MemoryStore, harness: ApiHarness, dataset: str
) -> None:
    register(api, store, harness, dataset)

    (case,) = api.get(f"/datasets/{dataset}").json()["cases"]
    assert case["state"] == "ready"
    told = "The header held free text (descrip, aux_file), which is not kept."
    assert {f"{role}: {told}" for role in (*MODALITIES, "seg")} <= set(case["warnings"])
    assert hold_no_name(store)


def test_a_file_that_was_kept_without_its_text_need_not_be_put_again(
    api: Api, store: MemoryStore, harness: ApiHarness, dataset: str
) -> None:
    register(api, store, harness, dataset)
    other = api.post("/datasets", json={"name": "e", "scheme": "brats2021"}).json()["id"]
    inspected = len(harness.computed)

    places = register(api, store, harness, other)

    assert {place["url"] for place in places.values()} == {None}
    first, second = (api.get(f"/datasets/{each}").json() for each in (dataset, other))
    assert first["digest"] == second["digest"]
    assert len(harness.computed) == inspected  # the same step: it is done


def test_a_job_reads_what_is_kept_of_its_uploads(
    api: Api, store: MemoryStore, harness: ApiHarness
) -> None:
    content = nifti_bytes(LABELS, lps_affine(), TEXT)
    upload = send(api, store, dict.fromkeys(VOLUME_ROLES, content))
    body = {"cases": [{"id": "p", "upload": upload}], "policy": {"resamples": 0}}
    job = api.post("/trust-score/volumes", json=body).json()["id"]

    harness.drain(score_volumes)

    state = api.get(f"/jobs/{job}").json()
    assert state["state"] == "succeeded", state
    assert (
        "seg: Case p: The header held free text (descrip, aux_file), which is not kept."
        in state["warnings"]
    )
    assert hold_no_name(store)


def test_steps_that_need_a_rewritten_upload_s_step_are_found(
    api: Api, store: MemoryStore, harness: ApiHarness, generator: object
) -> None:
    mask = make_volumes()["seg"]
    files = {
        "seg": nifti_bytes(mask, lps_affine(), TEXT),
        "brain": nifti_bytes((make_volumes()["t1"] != 0).astype(np.uint8), lps_affine(), TEXT),
    }
    job = api.post("/syntheses", json={"upload": send(api, store, files)}).json()["id"]

    harness.drain()

    assert api.get(f"/jobs/{job}").json()["state"] == "succeeded"


def test_a_lost_receipt_ends_no_tick_and_the_case_is_asked_for_again(
    api: Api, store: MemoryStore, harness: ApiHarness, dataset: str
) -> None:
    for role, place in announce(api, dataset).items():
        store.put(key_of(place["url"]), FILES[role])
    api.post(f"/datasets/{dataset}/commit")
    harness.tick()
    harness.work_once()
    for item in list(store.list("artifacts/receive_upload/")):
        if item.key.endswith("received.json"):
            store.put(item.key, b"damaged")

    harness.drain(inspect_case)

    (case,) = api.get(f"/datasets/{dataset}").json()["cases"]
    assert case["state"] == "refused"
    register(api, store, harness, dataset)
    assert api.get(f"/datasets/{dataset}").json()["state"] == "ready"
