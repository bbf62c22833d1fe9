"""The command, as a user without the platform runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.generator.tiny_generator import CONFIG
from typer.testing import CliRunner

from syntrust_core.contracts.grid import Grid
from syntrust_generator.checkpoints.store import load_model
from syntrust_generator.cli import app, choose_grid
from syntrust_generator.model_card import Domain


@pytest.fixture
def trained(upload_folder: Path, tmp_path: Path) -> Path:
    config = tmp_path / "config.json"
    config.write_text(CONFIG.model_dump_json(), "utf-8")
    out = tmp_path / "model"
    result = CliRunner().invoke(
        app,
        ["train", str(upload_folder), str(out), "--config", str(config), "--grid", "16",
         "--spacing", "5", "--name", "ball"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return out


def test_a_folder_of_uploads_becomes_a_model_and_its_twins(
    trained: Path, upload_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "twins"
    command = ["draw", str(upload_folder), str(out), "--model", str(trained), "--twins", "2"]

    result = CliRunner().invoke(app, [*command, "--steps", "2"])
    again = CliRunner().invoke(app, command)

    card = load_model(trained).card
    assert (card.name, card.iterations, card.domain.shape) == ("ball", 40, (16, 16, 16))
    log = (tmp_path / "model.work" / "loss.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["iteration"] for line in log] == list(range(1, 41))
    assert result.exit_code == 0, result.output
    assert [json.loads((out / "ball-0" / t / "twin.json").read_text())["steps"] for t in "01"] == [
        2,
        2,
    ]
    assert "0 twins drawn" in again.stderr


def test_cases_are_registered_on_the_models_grid_unless_it_cuts_them_itself() -> None:
    domain = Domain(shape=(16, 24, 8), spacing_mm=(3, 3, 3), view="brain", intensity="brain-z")

    assert choose_grid(domain) == Grid(shape=(16, 24, 8), spacing_mm=(3, 3, 3))
    assert choose_grid(domain.model_copy(update={"fit": "crop"})) == "native"
