"""A refusal is a result of inspection, not a failure."""

from __future__ import annotations

import json
from pathlib import Path

from syntrust_core.cases.model import read_case
from syntrust_core.testing.casemaker import write_upload
from syntrust_metrics.inspection import inspect


def test_a_good_upload_becomes_a_canonical_case(tmp_path: Path) -> None:
    files = write_upload(tmp_path / "up")

    found = inspect(files, scheme="auto", grid="native", folder=tmp_path / "out")

    names = {f"{n}.nii.gz" for n in ("t1", "t1ce", "t2", "flair", "labels", "brain")}
    assert set(found.files) == names | {"case.json"}
    assert read_case(tmp_path / "out")[1] == found.record
    assert found.problems == ()


def test_a_bad_upload_becomes_a_list_of_problems_and_nothing_else(tmp_path: Path) -> None:
    files = write_upload(tmp_path / "up")
    del files["t2"]

    found = inspect(files, scheme="brats2023", grid="native", folder=tmp_path / "out")

    listed = json.loads(found.files["problems.json"].read_text())
    assert [(p["file"], p["field"]) for p in listed] == [("t2", "file"), ("seg", "label")]
    assert all(p["reason"] for p in listed)
    assert found.record is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["problems.json"]
