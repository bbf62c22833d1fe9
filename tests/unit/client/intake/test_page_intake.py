"""The page finds the cases of a folder by the same rules as the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syntrust.intake.file_names import NAMES, role_of
from syntrust.intake.survey import survey

EXAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "gateway/web/tests/intake_examples.json").read_text("utf-8")
)


def test_the_page_knows_the_same_names_of_roles() -> None:
    assert EXAMPLES["names"] == NAMES


@pytest.mark.parametrize("question", EXAMPLES["roles"])
def test_a_file_name_has_the_role_that_the_page_gives_it(question: str) -> None:
    name, _, case = question.partition(" in ")

    assert role_of(name, case_id=case) == EXAMPLES["roles"][question]


@pytest.mark.parametrize("tree", EXAMPLES["trees"], ids=lambda tree: tree["name"])
def test_a_folder_holds_what_the_page_finds_in_it(tree: dict[str, Any], tmp_path: Path) -> None:
    for name in tree["files"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tree.get("texts", {}).get(name, "volume"))

    found = survey(tmp_path / tree["files"][0].partition("/")[0])

    assert {case.id: list(case.files) for case in found.cases} == tree["cases"]
    assert _kept((case.id, case.scheme) for case in found.cases) == tree.get("schemes", {})
    assert _kept((case.id, case.patient) for case in found.cases) == tree.get("patients", {})
    ignored = sorted(name for case in found.cases for name in case.ignored)
    assert ignored == tree.get("ignored", [])
    assert sorted(each.label for each in found.refused) == tree.get("refused", [])
    assert sorted(each.label for each in found.left_out) == tree.get("left_out", [])
    assert sorted(found.not_read) == tree.get("not_read", [])
    assert found.hidden == tree.get("hidden", 0)


def _kept(pairs: Any) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}
