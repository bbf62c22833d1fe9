"""The file of a study's results: what its digest covers, and what it never names."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.standalone.study.conftest import PICTURE

from syntrust.bodies import AnyResults
from syntrust_core.errors import InvalidRequest
from syntrust_standalone.study.processor import name_processor
from syntrust_standalone.study.results_file import StudyResults, read_results, write_results

Join = Callable[..., StudyResults]


@pytest.fixture
def file(results: StudyResults, tmp_path: Path) -> Path:
    path = tmp_path / "small.json"
    write_results(results, path, PICTURE)
    return path


def other(found: dict[str, AnyResults], **provenance: Any) -> dict[str, AnyResults]:
    """The same answers, from another place and with other steps."""
    changed: dict[str, Any] = copy.deepcopy(dict(found))
    for each in changed.values():
        each["experiment"] = "another id"
        each["provenance"] |= {"dataset": "another id", **provenance}
        each["provenance"]["spec"]["dataset"] = "another id"
    return changed


def test_results_are_read_as_they_were_written(results: StudyResults, file: Path) -> None:
    assert read_results(file) == results


def test_equal_results_are_equal_bytes(join: Join, file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    write_results(join(), again, PICTURE)

    assert again.read_bytes() == file.read_bytes()


def test_the_digest_knows_nothing_of_rows_hosts_and_seconds(
    join: Join, found: dict[str, AnyResults], results: StudyResults
) -> None:
    elsewhere = join(other(found, steps=[]))

    assert elsewhere["digest"] == results["digest"]
    assert elsewhere["provenance"] != results["provenance"]


@pytest.mark.parametrize("changed", [{"title": "Another"}, {"generator": {"seed": 1}}])
def test_the_digest_covers_what_was_asked(
    join: Join, results: StudyResults, changed: dict[str, Any]
) -> None:
    assert join(**changed)["digest"] != results["digest"]


def test_the_digest_leaves_out_the_cost(join: Join, results: StudyResults) -> None:
    cost = {"steps": 1, "device_hours": None, "basis": "guessed"}

    assert join(cost=cost)["digest"] == results["digest"]


def test_no_machine_id_or_date_is_in_the_file(file: Path) -> None:
    text = file.read_text()

    known = ("machine-of-a-clinic", "a kernel of a clinic", "an id", "2026-11-29")
    assert not [word for word in known if word in text]


def test_a_step_of_two_experiments_counts_once(results: StudyResults) -> None:
    made = results["provenance"]

    assert made["steps"] == {"build_report": 1, "synthesise_case": 1, "train_segmenter": 1}
    assert made["device_hours"] == {"generator": 0.01, "metrics": 0.0003, "segmenter": 0.1}
    assert made["recipes"] == {"train_segmenter": 1}
    assert made["versions"] == {"python": ["3.11", "3.12"], "syntrust": ["0.1.0"]}


def test_results_that_were_changed_by_hand_are_refused(file: Path) -> None:
    body = json.loads(file.read_text())
    body["experiments"]["mixes"]["results"]["claims"][0]["verdict"] = "holds"
    file.write_text(json.dumps(body))

    with pytest.raises(InvalidRequest, match="experiment mixes: the results are other than"):
        read_results(file)


def test_a_study_that_was_changed_by_hand_is_refused(file: Path) -> None:
    body = json.loads(file.read_text())
    body["study"]["title"] = "Another"
    file.write_text(json.dumps(body))

    with pytest.raises(InvalidRequest, match="holds other than its digest says"):
        read_results(file)


def test_another_picture_is_refused(file: Path) -> None:
    file.with_name("small.fig2.png").write_bytes(b"another")

    with pytest.raises(InvalidRequest, match=r"small\.fig2\.png is missing, or not the picture"):
        read_results(file)


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 2}'])
def test_what_is_no_file_of_results_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)

    with pytest.raises(InvalidRequest, match="is no file of a study's results"):
        read_results(file)


def test_the_processor_is_named_with_its_cores(tmp_path: Path) -> None:
    table = tmp_path / "cpuinfo"
    table.write_text("processor\t: 0\nmodel name\t: A CPU 9000\nmodel name\t: A CPU 9000\n")

    assert name_processor(table).startswith("A CPU 9000, ")
    assert name_processor(tmp_path / "none").endswith(" cores")
