"""The client library and the command against a real running stack."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.integration.conftest import Command

from syntrust import Client, Conflict, DatasetRefused, NotFound, Refused, Unauthenticated
from syntrust.bodies import GridSpec

GRID: GridSpec = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}


def test_a_cohort_is_registered_inspected_and_not_sent_twice(
    client: Client, ready: str, cases: list[Path], tmp_path: Path
) -> None:
    state = client.datasets.get(ready)
    open_again = client.datasets.create("again", grid=GRID)["id"]
    proven = client.datasets.add_case(open_again, cases[0])
    changed = shutil.copytree(cases[0], tmp_path / "changed")
    (changed / "t1.nii.gz").write_bytes(b"other bytes")
    first = client.datasets.add_case(open_again, changed)
    second = client.datasets.add_case(open_again, changed)
    assert ready in {item["id"] for item in client.datasets.list()}
    assert [case["state"] for case in state["cases"]] == ["ready", "ready"]
    assert state["digest"] is not None
    assert proven.uploaded_bytes == 0
    assert first.uploaded_bytes == len(b"other bytes")
    assert second.uploaded_bytes == 0


def test_a_refused_case_is_told_with_file_field_and_reason(
    syntrust: Command, cases: list[Path], tmp_path: Path
) -> None:
    bad = shutil.copytree(cases[0], tmp_path / "bad")
    (bad / "t2.nii.gz").write_text("this is a text file")

    added = syntrust("dataset", "add", str(bad), "--grid", "64x64x64@3")

    assert added.returncode == 1
    assert "bad: t2: " in added.stderr


def test_a_changed_file_is_refused_by_its_digest(
    client: Client, cases: list[Path], tmp_path: Path
) -> None:
    whole = shutil.copytree(cases[1], tmp_path / "whole")
    dataset = client.datasets.create("changed", grid=GRID)["id"]
    size = (whole / "t1.nii.gz").stat().st_size
    files = {"t1": {"sha256": "0" * 64, "bytes": size}}
    asked = client.datasets._http.post(
        f"/datasets/{dataset}/cases", {"id": "whole", "files": files}
    )
    client.datasets._http.put_file(asked["t1"]["url"], whole / "t1.nii.gz", lambda _: None)
    client.datasets.commit(dataset)

    with pytest.raises(DatasetRefused) as caught:
        client.datasets.wait(dataset, timeout_s=120)

    assert {"t1"} <= {problem["file"] for problem in caught.value.problems["whole"]}


@pytest.mark.parametrize("alphas", [[], [0.5, 0.5], [0, 1.5], [-0.1]])
def test_alphas_that_mean_nothing_are_refused_with_a_pointer(
    client: Client, ready: str, alphas: list[float]
) -> None:
    with pytest.raises(Refused) as caught:
        client.experiments.create(ready, alphas)

    assert caught.value.status == 422
    assert caught.value.errors[0]["pointer"].startswith("/alphas")


def test_an_unknown_dataset_key_or_experiment_has_an_error_of_its_own(
    client: Client, stack_url: str
) -> None:
    with pytest.raises(NotFound):
        client.experiments.get("01a20451-c6f4-76c2-9217-9ac7a2fec8a5")
    with pytest.raises(Refused):
        client.experiments.create("01a20451-c6f4-76c2-9217-9ac7a2fec8a5", [0])
    with Client(stack_url, "wrong") as stranger, pytest.raises(Unauthenticated):
        list(stranger.datasets.list())


def test_an_open_dataset_runs_no_experiment_and_an_experiment_can_be_cancelled(
    client: Client, syntrust: Command, ready: str
) -> None:
    opened = client.datasets.create("open")["id"]

    with pytest.raises((Conflict, Refused)):
        client.experiments.create(opened, [0])
    # Its many twins take longer than the command to cancel it.
    asked = client.experiments.create(
        ready,
        [0],
        split={"test_fraction": 0.5, "validation_fraction": 0},
        generator={"twins": 8, "steps": 250},
    )
    with pytest.raises(Conflict):
        client.experiments.results(asked["id"])
    cancelled = syntrust("experiment", "cancel", asked["id"])
    watched = syntrust("experiment", "watch", asked["id"])

    assert cancelled.returncode == 0
    assert (watched.returncode, "was cancelled" in watched.stderr) == (1, True)
    assert asked["id"] in syntrust("experiment", "list").stdout


def test_scores_of_a_csv_file_are_printed_as_a_table(syntrust: Command, tmp_path: Path) -> None:
    rows = ["case,set,region,dice"]
    for index in range(12):
        for name, shift in (("real", 0.0), ("synthetic", 0.05)):
            rows.append(f"c{index},{name},ET,{0.5 + 0.03 * index + shift:.3f}")
    (tmp_path / "dice.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "wrong.csv").write_text("case,set,region,dice\na,real,ET,1.5\n")

    told = syntrust("trust-score", str(tmp_path / "dice.csv"))
    wrong = syntrust("trust-score", str(tmp_path / "wrong.csv"))

    assert told.returncode == 0, told.stderr
    assert "0.665 [" in told.stdout
    assert "For research use only" in told.stdout
    assert wrong.returncode == 1
