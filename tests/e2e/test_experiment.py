"""One experiment at the smallest size, from POST to report, on the whole platform."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.answer_schemas import check_body
from tests.e2e.conftest import Platform, register, until

from syntrust import Client, Conflict, DatasetRefused, Refused

ALPHAS = [0, 1]
WAIT_S = 400
SMALLEST: dict[str, Any] = {
    "split": {"seed": 0, "test_fraction": 0.34, "validation_fraction": 0},
    "generator": {"steps": 2},
    "segmenter": {"iterations": 3},
}
NAMES = [*(f"fig{number}" for number in range(2, 9)), "dice_volume", "bland_altman", "floors"]
FIGURES = [f"{name}.{suffix}" for name in NAMES for suffix in ("svg", "png")]


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[Client]:
    with platform.client() as client:
        yield client


@pytest.fixture(scope="module")
def experiment(client: Client, dataset: str) -> str:
    posted = client.experiments.create(dataset, ALPHAS, **SMALLEST)
    return client.experiments.wait(posted["id"], timeout_s=WAIT_S)["id"]


@pytest.fixture(scope="module")
def results(client: Client, experiment: str) -> dict[str, Any]:
    return dict(client.experiments.results(experiment))


def test_an_experiment_ends_with_factors_for_every_alpha(results: dict[str, Any]) -> None:
    assert [alpha["alpha"] for alpha in results["alphas"]] == ALPHAS
    for alpha in results["alphas"]:
        assert set(alpha["trust"]["factors"]) == {"t1", "t2", "t3", "t4", "t5"}
        assert len(alpha["seeds"][0]["cases"]) == 2


def test_the_mix_holds_every_training_case_once(results: dict[str, Any]) -> None:
    synthetic, real = (alpha["mix"] for alpha in results["alphas"])

    assert (synthetic["n_real"], real["n_synthetic"]) == (0, 0)
    assert synthetic["synthetic_ids"] == real["real_ids"]


def test_train_and_test_share_no_case(results: dict[str, Any]) -> None:
    tested = {case["id"] for case in results["alphas"][0]["seeds"][0]["cases"]}
    trained = set(results["alphas"][1]["mix"]["real_ids"])

    assert not tested & trained


def test_the_scores_in_the_results_give_the_factors_in_the_results(
    client: Client, results: dict[str, Any]
) -> None:
    seed = results["alphas"][1]["seeds"][0]

    assert client.trust_score({"cases": seed["cases"]}) == seed["trust"]


def test_the_results_are_as_documented(results: dict[str, Any]) -> None:
    check_body(results, {"$ref": "#/components/schemas/ExperimentResults"}, "the experiment")


def test_the_provenance_names_every_step(results: dict[str, Any]) -> None:
    kinds = [step["kind"] for step in results["provenance"]["steps"]]

    assert kinds.count("synthesise_case") == 6
    assert kinds.count("train_segmenter") == 2
    assert kinds[-1] == "build_report"


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_there(client: Client, experiment: str, name: str) -> None:
    stem, _, suffix = name.partition(".")

    content = client.experiments.figure(experiment, stem, file_format=suffix)

    assert content.startswith(b"\x89PNG") if suffix == "png" else b"<svg" in content


def test_the_long_table_holds_every_dice_of_the_results(
    client: Client, experiment: str, results: dict[str, Any]
) -> None:
    rows = list(csv.DictReader(client.experiments.long_table(experiment).splitlines()))

    given = {
        (case["id"], side, alpha["alpha"], region): dice
        for alpha in results["alphas"]
        for case in alpha["seeds"][0]["cases"]
        for side in ("real", "synthetic")
        for region, dice in case[side].items()
    }
    found = {
        (row["case"], row["set"], float(row["alpha"]), row["region"]): float(row["value"])
        if row["value"]
        else None
        for row in rows
        if row["metric"] == "dice" and row["region"] in {"ET", "ED", "NCR"}
    }
    assert found == pytest.approx(given)


def test_the_report_is_one_file_that_says_what_it_is_for(client: Client, experiment: str) -> None:
    report = client.experiments.report(experiment)

    assert "research use only" in report.lower()
    assert 'src="http' not in report


def test_the_same_experiment_computes_nothing_the_second_time(
    client: Client, dataset: str, experiment: str, results: dict[str, Any]
) -> None:
    again = client.experiments.create(dataset, ALPHAS, **SMALLEST)["id"]
    client.experiments.wait(again, timeout_s=WAIT_S)

    second = client.experiments.results(again)

    assert second["digest"] == results["digest"]
    assert second["experiment"] != results["experiment"]
    assert [step["started"] for step in second["provenance"]["steps"]] == [
        step["started"] for step in results["provenance"]["steps"]
    ]


WORKERS = tuple(f"syntrust_{name}.worker" for name in ("generator", "segmenter", "metrics"))
KILLED = {**SMALLEST, "segmenter": {"iterations": 6}, "generator": {"steps": 8}}


def test_killed_workers_orchestrator_and_platform_change_no_number(
    platform: Platform, client: Client, dataset: str, cohort: Path, tmp_path: Path
) -> None:
    posted = client.experiments.create(dataset, [1], **KILLED)["id"]
    # Both at once: each of the killed steps waits out its lease.
    until(lambda: {"synthesise_case", "train_segmenter"} <= running(client, posted))
    kill(platform, *WORKERS, "orchestrate")
    client.experiments.wait(posted, timeout_s=WAIT_S)
    first = client.experiments.results(posted)

    platform.kill()
    platform.restart()

    with platform.client() as later:
        again = later.experiments.create(dataset, [1], **KILLED)["id"]
        later.experiments.wait(again, timeout_s=WAIT_S)
        assert later.experiments.results(again)["digest"] == first["digest"]
    assert undisturbed(tmp_path / "undisturbed", cohort)["digest"] == first["digest"]


def running(client: Client, experiment: str) -> set[str]:
    return {step["kind"] for step in client.experiments.get(experiment)["running"]}


def undisturbed(folder: Path, cohort: Path) -> dict[str, Any]:
    """Results of the same experiment on a platform of its own, and on the other database."""
    other = Platform(folder, "postgresql")
    try:
        with other.client() as client:
            posted = client.experiments.create(register(other, cohort), [1], **KILLED)["id"]
            client.experiments.wait(posted, timeout_s=WAIT_S)
            return dict(client.experiments.results(posted))
    finally:
        other.kill(signal.SIGTERM)


def kill(platform: Platform, *words: str) -> None:
    for word in words:
        for pid in platform.pids(word):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def now(platform: Platform) -> Iterator[Client]:
    """A client of the platform as it runs now: its address changes when it starts again."""
    with platform.client() as client:
        yield client


def test_a_cancelled_experiment_ends_as_cancelled_and_has_no_results(
    now: Client, dataset: str
) -> None:
    changed = {**SMALLEST, "segmenter": {"iterations": 500}}
    posted = now.experiments.create(dataset, [0.5], **changed)["id"]
    until(lambda: bool(now.experiments.get(posted)["running"]))

    now.experiments.cancel(posted)

    until(lambda: now.experiments.get(posted)["state"] == "cancelled")
    with pytest.raises(Conflict):
        now.experiments.results(posted)


def test_a_bad_case_is_refused_with_file_field_and_reason(
    now: Client, cohort: Path, tmp_path: Path
) -> None:
    source = min(cohort.glob("phantom-*"))
    case = tmp_path / "bad"
    case.mkdir()
    for path in source.iterdir():
        (case / path.name).write_bytes(path.read_bytes())
    (case / "t2.nii.gz").write_text("not an image")
    opened = now.datasets.create("bad")["id"]
    now.datasets.add_case(opened, case)
    now.datasets.commit(opened)

    with pytest.raises(DatasetRefused, match="t2"):
        now.datasets.wait(opened, timeout_s=WAIT_S)

    assert now.datasets.get(opened)["state"] == "open"


def test_a_dataset_that_is_not_there_is_refused_at_its_field(now: Client) -> None:
    with pytest.raises(Refused, match="dataset"):
        now.experiments.create("nothing", [0.5])
