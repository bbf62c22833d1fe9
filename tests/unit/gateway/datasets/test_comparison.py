"""What the cases of a dataset tell only together: label meanings, and one scan under two ids."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.unit.gateway.conftest import Api
from tests.unit.gateway.orchestrator_harness import OrchestratorHarness

from syntrust_core.contracts.base import StepMessage
from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.contracts.vocabulary import SCHEMES
from syntrust_core.runtime.runner import StepContext, StepHandler
from syntrust_gateway.case_comparison import FEWEST_TELLING_VOXELS, contents_of_record
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState

pytestmark = pytest.mark.any_database

Record = dict[str, Any]


def read_as(scheme: str, requested: str = "auto") -> Record:
    """What a record says of how a case with all three regions was read."""
    mapping = next(dict(known) for name, known in SCHEMES.items() if name == scheme)
    voxels = {"ET": 500, "ED": 500, "NCR": 500}
    return {"requested_scheme": requested, "scheme": mapping, "uploaded_region_voxels": voxels}


@pytest.fixture
def change_records(container: Container, ready_dataset: str) -> Callable[[dict[str, Record]], None]:
    """Put fields into the records of cases of the ready dataset."""

    def change(records: dict[str, Record]) -> None:
        with container.write.begin() as session:
            for case, fields in records.items():
                row = session.get_one(Case, (ready_dataset, case))
                row.record = {**(row.record or {}), **fields}

    return change


SAME_SCAN: Record = {"image_fingerprints": {"t1": "a" * 64, "t2": "b" * 64}}


def test_two_ids_of_one_scan_are_told_with_both_ids(
    api: Api, ready_dataset: str, change_records: Callable[[dict[str, Record]], None]
) -> None:
    change_records({"case-3": SAME_SCAN, "case-7": SAME_SCAN})

    (warning,) = api.get(f"/datasets/{ready_dataset}").json()["warnings"]

    assert warning.startswith("case-3, case-7 hold the same t1, t2: one scan under several ids?")


def test_two_ids_of_one_scan_are_refused_in_train_and_test(
    post_experiment: Callable[..., httpx.Response],
    change_records: Callable[[dict[str, Record]], None],
) -> None:
    change_records({"case-3": SAME_SCAN, "case-7": SAME_SCAN})

    answer = post_experiment(split={"train": ["case-1", "case-3"], "test": ["case-2", "case-7"]})

    (error,) = answer.json()["errors"]
    assert answer.status_code == 422
    assert error["pointer"] == "/split/test/1"
    assert "case-7 in test and case-3 in train hold the same t1, t2" in error["detail"]


def test_a_random_split_keeps_two_ids_of_one_scan_on_one_side(
    post_experiment: Callable[..., httpx.Response],
    change_records: Callable[[dict[str, Record]], None],
) -> None:
    chain = {"case-2": {"digests": {"flair": "c" * 64}}, "case-5": {"digests": {"flair": "c" * 64}}}
    change_records({"case-3": SAME_SCAN, "case-7": SAME_SCAN, **chain})

    for seed in range(12):
        spec = post_experiment(split={"seed": seed, "test_fraction": 0.4}).json()["spec"]
        for one, other in (("case-3", "case-7"), ("case-2", "case-5")):
            assert sum({one, other} <= set(spec[part]) for part in SIDES) == 1


SIDES = ("train", "validation", "test")


def test_cases_that_share_content_only_through_others_are_one_patient(
    post_experiment: Callable[..., httpx.Response],
    change_records: Callable[[dict[str, Record]], None],
) -> None:
    first, second = {"t1": "a" * 64}, {"t2": "b" * 64}
    change_records(
        {
            "case-1": {"digests": first},
            "case-2": {"digests": first | second},
            "case-3": {"digests": second},
        }
    )

    answer = post_experiment(split={"train": ["case-1"], "test": ["case-3"]})

    assert "case-3 in test and case-1 in train are one patient" in answer.json()["detail"]


@pytest.mark.parametrize("voxels", [FEWEST_TELLING_VOXELS - 1, FEWEST_TELLING_VOXELS])
def test_a_mask_names_a_scan_unless_it_has_a_handful_of_voxels(voxels: int) -> None:
    record = {"fingerprint": "f" * 64, "uploaded_region_voxels": {"ET": voxels, "ED": 0}}

    assert contents_of_record(record) == (
        {"f" * 64: "seg"} if voxels >= FEWEST_TELLING_VOXELS else {}
    )


def test_what_auto_chose_is_told_once_for_the_dataset(
    api: Api, ready_dataset: str, change_records: Callable[[dict[str, Record]], None]
) -> None:
    change_records({f"case-{i}": read_as("brats2021" if i % 2 else "brats2023") for i in range(10)})

    assert api.get(f"/datasets/{ready_dataset}").json()["warnings"] == [
        "auto read label 3 as enhancing tumour in case-0, case-2, case-4, case-6, case-8.",
        "auto read label 4 as enhancing tumour in case-1, case-3, case-5, case-7, case-9.",
    ]


def inspecting(records: dict[str, Record]) -> StepHandler:
    """An inspection that reads each case as its file says, by the SHA-256 of its t1."""
    by_sha = dict(zip((f"{i:064x}" for i in range(len(records))), records.values(), strict=True))

    def work(message: StepMessage, context: StepContext) -> None:
        assert isinstance(message, InspectCase)
        path = context.scratch / "case.json"
        record = by_sha[message.files["t1"].sha256]
        path.write_text(
            json.dumps({"digests": {"t1": message.step_id}, "fingerprint": "f"} | record)
        )
        context.add("case.json", path)

    return work


def states(harness: OrchestratorHarness) -> dict[str, CaseState]:
    with harness.read() as session:
        return {case.case_id: case.state for case in session.scalars(select(Case))}


def test_a_dataset_with_two_meanings_of_label_4_is_refused_with_the_cases_of_each_kind(
    harness: OrchestratorHarness,
) -> None:
    dataset = harness.dataset(3)

    harness.drain(
        inspecting(
            {
                "p0": read_as("brats2021"),
                "p1": read_as("brats2024", "brats2024"),
                "p2": read_as("brats2023"),
            }
        )
    )

    with harness.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.OPEN
    assert states(harness) == {
        "p0": CaseState.REFUSED,
        "p1": CaseState.READY,
        "p2": CaseState.READY,
    }
    (problem,) = harness.case("p0").problems
    assert (problem["file"], problem["field"]) == ("seg", "label")
    assert "enhancing tumour in p0 (auto); the resection cavity in p1" in problem["reason"]


@pytest.mark.parametrize(
    "records",
    [
        [read_as("brats2021"), read_as("brats2023")],
        [read_as("brats2021", "brats2021"), read_as("brats2024", "brats2024")],
    ],
    ids=["2021 beside 2023", "schemes are named"],
)
def test_a_dataset_whose_values_have_one_meaning_each_or_named_schemes_is_ready(
    harness: OrchestratorHarness, records: list[Record]
) -> None:
    dataset = harness.dataset(2)

    harness.drain(inspecting({f"p{i}": record for i, record in enumerate(records)}))

    with harness.read() as session:
        assert session.get_one(Dataset, dataset).state is DatasetState.READY
