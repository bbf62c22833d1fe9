"""The views of models in a real browser: cards, curves, import, training, export."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.web.conftest import Axe, Shot, overflow_px

JOB_MS: Final = 240_000  # a job of seconds, on a machine that does other things

pytestmark = pytest.mark.slow


def segmenter_of(page: Page, experiment: str) -> str:
    """Name a segmenter that the experiment uses, be it of a training that others share."""
    trained = page.request.get(f"/experiments/{experiment}/training").json()["items"][0]["step"]
    return str(page.request.get(f"/models/{trained}").json()["name"])


def job_named(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def test_models_are_listed_by_kind(page: Page, experiment: str, axe: Axe, shot: Shot) -> None:
    segmenter = segmenter_of(page, experiment)
    page.goto("/#/models")
    models = page.get_by_role("list", name=re.compile("Models"))
    expect(models.get_by_role("link", name="tiny", exact=True)).to_be_visible()
    expect(models.get_by_role("link", name=segmenter)).to_be_visible()
    assert axe(page) == []
    shot(page, "models")
    page.get_by_role("link", name="Generators").click()
    expect(models.get_by_role("link", name=segmenter)).to_have_count(0)
    expect(models.get_by_role("link", name="tiny", exact=True)).to_be_visible()


def test_a_generators_card_names_its_domain_and_what_it_has_seen(
    page: Page, axe: Axe, shot: Shot
) -> None:
    page.goto("/#/models/tiny")
    expect(page.get_by_text("64 × 64 × 64 voxels of 3 × 3 × 3 mm")).to_be_visible()
    expect(page.get_by_text("dpm++2m, 5 steps")).to_be_visible()
    seen = page.get_by_role("list", name="Cases that the model was trained on")
    expect(seen.get_by_role("listitem").first).to_contain_text("phantom")
    assert seen.get_by_role("listitem").count() < 96, "rows out of sight are in the document"
    assert axe(page) == []
    shot(page, "model-generator")


def test_a_segmenters_curves_have_a_table_behind_them(
    page: Page, experiment: str, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/models/{segmenter_of(page, experiment)}")
    loss = page.get_by_label("Training loss over iterations")
    expect(loss).to_be_visible()
    page.get_by_text("Show as a table").first.click()
    table = page.locator(".training-table").first
    expect(table.get_by_role("columnheader", name="Loss")).to_be_visible()
    assert table.get_by_role("row").count() > 1
    assert axe(page) == []
    shot(page, "model-segmenter")
    page.set_viewport_size({"width": 390, "height": 900})
    assert overflow_px(page) <= 0
    assert axe(page) == []


def test_a_segmenter_is_exported_and_its_bundle_downloaded(page: Page, experiment: str) -> None:
    page.goto(f"/#/models/{segmenter_of(page, experiment)}")
    page.get_by_role("button", name="Export as a MONAI bundle").click()
    save = page.get_by_role("button", name="Download bundle.zip")
    expect(save).to_be_visible(timeout=JOB_MS)
    with page.expect_download() as saved:
        save.click()
    with zipfile.ZipFile(saved.value.path()) as bundle:
        assert any(name.endswith("configs/metadata.json") for name in bundle.namelist())


def test_a_name_that_cannot_be_used_is_refused_at_its_field_before_the_file_is_sent(
    page: Page, tmp_path: Path, axe: Axe
) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    checkpoint.write_bytes(b"not a checkpoint")
    puts: list[str] = []
    page.on("request", lambda sent: puts.append(sent.url) if sent.method == "PUT" else None)
    page.goto("/#/models?add=import")
    page.get_by_role("button", name="Check and import").click()
    page.get_by_label("Name").fill("Not A Name")
    page.get_by_role("button", name="Check and import").click()
    expect(page.get_by_text("Choose the checkpoint.")).to_be_visible()
    page.get_by_label("Checkpoint").set_input_files(checkpoint)
    page.get_by_role("button", name="Check and import").click()
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    assert axe(page) == []
    assert puts == []


def test_a_file_that_is_no_checkpoint_is_sent_and_its_refusal_shown(
    page: Page, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    checkpoint.write_bytes(b"not a checkpoint")
    page.goto("/#/models?add=import")
    page.get_by_label("Name").fill("no-checkpoint")
    page.get_by_label("Checkpoint").set_input_files(checkpoint)
    page.get_by_label("Cases it was trained on").fill("a-1, a-2")
    page.get_by_role("button", name="Check and import").click()
    job = job_named(page, "Import of no-checkpoint")
    expect(job.get_by_role("status")).to_have_text("failed", timeout=JOB_MS)
    expect(job.get_by_role("alert")).to_contain_text("checkpoint")


def test_a_training_that_was_begun_is_cancelled(page: Page, dataset: str, axe: Axe) -> None:
    page.goto("/#/models?add=train")
    page.get_by_label("Name").fill("never-trained")
    page.get_by_label("Dataset", exact=True).select_option(dataset)
    page.get_by_label("Iterations").fill("1000")
    assert axe(page) == []
    page.get_by_role("button", name="Train", exact=True).click()
    job = job_named(page, "Training of never-trained")
    expect(job).to_be_visible()
    job.get_by_role("button", name="Cancel").click()
    expect(job.get_by_role("status")).to_have_text("cancelled", timeout=JOB_MS)
    page.goto("/#/models")
    jobs = page.get_by_role("region", name="Jobs of models")
    expect(jobs.get_by_role("article", name="Training of never-trained")).to_be_visible()
    assert axe(page) == []


def test_a_model_is_deleted_only_after_a_question(page: Page, experiment: str, axe: Axe) -> None:
    segmenter = segmenter_of(page, experiment)
    page.goto(f"/#/models/{segmenter}")
    page.get_by_role("button", name="Delete").click()
    asked = page.get_by_role("dialog", name=f"Delete {segmenter}?")
    expect(asked).to_contain_text("cannot be taken back")
    assert axe(page) == []
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_be_hidden()
    assert page.request.get(f"/models/{segmenter}").ok


def test_a_generator_is_trained_seen_in_a_sample_and_deleted(page: Page, dataset: str) -> None:
    page.goto("/#/models?add=train")
    page.get_by_label("Name").fill("short-lived")
    page.get_by_label("Dataset", exact=True).select_option(dataset)
    page.get_by_label("Iterations").fill("2")
    page.get_by_role("button", name="Train", exact=True).click()
    job = job_named(page, "Training of short-lived")
    expect(job.get_by_role("status")).to_have_text("done", timeout=JOB_MS)
    expect(job.get_by_role("img", name="Slices of training cases")).to_be_visible()
    page.goto("/#/models/short-lived")
    page.get_by_role("button", name="Delete").click()
    asked = page.get_by_role("dialog", name="Delete short-lived?")
    asked.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="tiny", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="short-lived", exact=True)).to_have_count(0)
    assert page.request.get("/models/short-lived").status == 404
