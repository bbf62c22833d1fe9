"""What was prepared of a withdrawn case goes, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.segmenter.tiny_training import with_twin

from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry, load_prepared
from syntrust_segmenter.preprocessing.prepared_folders import ENTRY_FILE, forget_prepared


def test_what_was_prepared_of_a_withdrawn_case_and_its_twin_goes_and_nothing_else(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    cache = PreparedCache(tmp_path, limit_bytes=1 << 30)
    for entry in (cases[0], with_twin(cases[0]), cases[1]):
        load_prepared(entry, cache)
    assert len(list(tmp_path.iterdir())) == 3

    forget_prepared(tmp_path, {cases[0].folder.name, "another"})

    (left,) = tmp_path.iterdir()
    assert json.loads((left / ENTRY_FILE).read_text())["made_of"] == [cases[1].folder.name]


def test_what_does_not_say_of_which_case_it_was_made_goes_too(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    load_prepared(cases[0], PreparedCache(tmp_path, limit_bytes=1 << 30))
    (folder,) = tmp_path.iterdir()
    entry = json.loads((folder / ENTRY_FILE).read_text())
    del entry["made_of"]
    (folder / ENTRY_FILE).write_text(json.dumps(entry))

    forget_prepared(tmp_path, {"another"})

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_nobody_has_made_yet_holds_nothing_to_forget(tmp_path: Path) -> None:
    forget_prepared(tmp_path / "missing", {"a"})
