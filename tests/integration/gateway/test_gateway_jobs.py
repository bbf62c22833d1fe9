"""Jobs on a running stack: real servers, real workers, the shipped tiny generator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from tests.integration.conftest import Command
from tests.unit.gateway.api_harness import ApiHarness, play, send
from tests.unit.gateway.conftest import Api

from syntrust import Client, Conflict
from syntrust_core.contracts.base import StepMessage
from syntrust_core.errors import CallerError
from syntrust_core.imaging.nifti import read_volume
from syntrust_core.runtime.runner import StepContext, StepHandler
from syntrust_core.testing import MemoryCoordinator, MemoryStore
from syntrust_gateway.app import create_app
from syntrust_gateway.auth.service import create_client
from syntrust_gateway.container import Container
from syntrust_gateway.db.migrations import migrate
from syntrust_gateway.db.session import make_engine, read_factory, session_factory
from syntrust_gateway.db.tables import Role
from syntrust_gateway.trust_score.service import ScorerPool

WAIT_S = 240
_load: Callable[..., Any] = nib.load
_as_image: Callable[..., Any] = nib.Nifti1Image
Array = np.ndarray[Any, np.dtype[Any]]


@pytest.fixture(scope="session")
def masks(cases: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tumour and brain of a phantom, cropped and turned to a frame that is nobody's but theirs."""
    folder = tmp_path_factory.mktemp("masks")
    seg, t1 = (_load(cases[0] / f"{role}.nii.gz") for role in ("seg", "t1"))
    brain = np.asarray(t1.dataobj) != np.asarray(t1.dataobj)[0, 0, 0]
    written = {}
    for role, voxels in (("seg", np.asarray(seg.dataobj)), ("brain", brain)):
        image = _as_image(voxels.astype(np.uint8), seg.affine)
        turned = image.slicer[2:, 1:-1, 3:].as_reoriented(np.array([[1, -1], [0, 1], [2, 1]]))
        written[role] = folder / f"{role}.nii.gz"
        nib.save(turned, written[role])
    return written


def test_a_mask_becomes_images_on_its_own_grid_and_the_same_ones_a_second_time(
    syntrust: Command, client: Client, masks: dict[str, Path], tmp_path: Path
) -> None:
    asked = ("synthesise", str(masks["seg"]), "--brain", str(masks["brain"]), "--steps", "2")

    first = syntrust(*asked, "--out", str(tmp_path / "first"))
    second = syntrust(*asked, "--out", str(tmp_path / "second"))

    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    brain, affine = read_volume(masks["brain"])
    for role in ("t1", "t1ce", "t2", "flair"):
        path = tmp_path / "first" / f"{role}.nii.gz"
        voxels, own = read_volume(path)
        assert voxels.shape == brain.shape
        np.testing.assert_allclose(own, affine, atol=1e-4)
        np.testing.assert_array_equal(voxels[brain == 0], -1)
        assert voxels[brain != 0].std() > 0.01
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()
    latest = next(client.jobs.list())
    result: Any = client.jobs.result(latest["id"])
    assert result["steps"] == 2


def test_a_mask_without_a_brain_is_refused_with_what_to_send(
    syntrust: Command, masks: dict[str, Path], tmp_path: Path
) -> None:
    told = syntrust("synthesise", str(masks["seg"]), "--out", str(tmp_path))

    assert told.returncode == 1
    assert "upload a brain mask as brain.nii.gz" in told.stderr


def test_label_maps_score_as_their_dice_do(
    client: Client, cases: list[Path], tmp_path: Path
) -> None:
    scored = {}
    for case in cases:
        seg = _load(case / "seg.nii.gz")
        labels = np.asarray(seg.dataobj)
        files = {"seg": case / "seg.nii.gz"}
        for shift, role in ((1, "prediction_real"), (2, "prediction_synthetic")):
            files[role] = tmp_path / f"{case.name}-{role}.nii.gz"
            nib.save(_as_image(np.roll(labels, shift, axis=0), seg.affine), files[role])
        scored[case.name] = files

    job = client.jobs.score_volumes(scored, policy={"resamples": 200})["id"]
    client.jobs.wait(job, timeout_s=WAIT_S)

    dice = client.jobs.download(job, tmp_path / "out")["cases.json"].read_text(encoding="utf-8")
    assert client.jobs.result(job) == client.trust_score(json.loads(dice))


def test_a_job_its_failure_and_its_model_are_the_same_on_either_database(
    database_url: str, tmp_path: Path
) -> None:
    migrate(database_url)
    engine = make_engine(database_url)
    store = MemoryStore()
    container = Container(session_factory(engine), read_factory(engine), store, MemoryCoordinator())
    with container.write.begin() as session:
        api = Api(
            create_app(container, ScorerPool()), create_client(session, "hospital", Role.USER)
        )
    harness = ApiHarness(container, store, tmp_path)

    def import_as(name: str, work: StepHandler) -> dict[str, Any]:
        upload = send(api, store, {"checkpoint": b"weights"})
        posted = api.post("/models", json={"name": name, "upload": upload, "seen": [name]})
        assert posted.status_code == 202, posted.text
        harness.drain(work)
        body: dict[str, Any] = api.get(f"/jobs/{posted.json()['id']}").json()
        return body

    made, failed = import_as("made", play), import_as("failed", fail)

    assert (made["state"], failed["state"]) == ("succeeded", "failed")
    assert failed["error"]["detail"] == "weights: parameter x is missing."
    assert [model["name"] for model in api.get("/models").json()["items"]] == ["made"]
    engine.dispose()


def fail(_: StepMessage, __: StepContext) -> None:
    raise CallerError("weights: parameter x is missing.")


def test_a_generator_trained_here_is_a_model_that_may_be_drawn_with(
    syntrust: Command, client: Client, ready: str, masks: dict[str, Path]
) -> None:
    trained = syntrust(
        *("model", "train", "--name", "ours", "--dataset", ready, "--iterations", "2")
    )
    assert trained.returncode == 0, trained.stderr

    drawing: Any = client.jobs.synthesise(masks["seg"], brain=masks["brain"], model="ours", steps=2)
    client.jobs.cancel(drawing["id"])

    model: Any = client.models.get("ours")
    assert (model["origin"], model["seen_cases"]) == ("trained", 2)
    assert "samples.png" in client.jobs.get(model["id"])["files"]
    assert drawing["request"]["generator"]["model"]["kind"] == "train_generator"
    with pytest.raises(Conflict):
        client.models.train("ours", ready, iterations=2)
