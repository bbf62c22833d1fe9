"""What an earlier version has stored is read, and written again as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from syntrust_core.contracts.base import Manifest
from syntrust_gateway.experiments.spec import ResolvedSpec

STORED = Path(__file__).parents[3] / "data" / "stored"


@pytest.mark.parametrize(
    ("name", "model"), [("resolved_spec", ResolvedSpec), ("manifest", Manifest)]
)
def test_what_the_first_version_stored_is_read_and_written_the_same(
    name: str, model: type[BaseModel]
) -> None:
    stored = json.loads((STORED / f"{name}.json").read_text("utf-8"))

    read = model.model_validate(stored)

    assert read.model_dump(mode="json") == stored
