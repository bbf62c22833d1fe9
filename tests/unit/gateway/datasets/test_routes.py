from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.gateway.api_harness import key_of

from syntrust_core.testing import MemoryStore
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Audit, Case, CaseState, Dataset, DatasetState


@pytest.fixture
def dataset(api: Any) -> str:
    answer = api.post("/datasets", json={"name": "Glioma, site 1"})
    identity: str = answer.json()["id"]
    return identity


@pytest.fixture
def registered(api: Any, dataset: str, case_files: dict[str, Any]) -> str:
    """A dataset with one case of which nothing is uploaded."""
    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "case-a", "files": case_files})
    assert answer.status_code == 201
    return dataset


Upload = Callable[..., None]


@pytest.fixture
def upload(container: Container, store: MemoryStore) -> Upload:
    """Put files of case-a where they are to go: `size` bytes, or as many as were announced."""

    def put(dataset: str, roles: Iterable[str], size: int | None = None) -> None:
        with container.read() as session:
            files = session.get_one(Case, (dataset, "case-a")).files
        for role in roles:
            store.put(files[role]["key"], b"x" * (size or files[role]["bytes"]))

    return put


def test_a_new_dataset_is_open_and_empty(api: Any) -> None:
    grid = {"shape": [64, 64, 48], "spacing_mm": [3.0, 3.0, 3.5]}

    answer = api.post("/datasets", json={"name": " d ", "grid": grid, "scheme": "brats2021"})

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/datasets/{body['id']}"
    assert body["state"] == "open"
    assert (body["name"], body["grid"], body["scheme"]) == ("d", grid, "brats2021")
    assert (body["digest"], body["cases"]) == (None, [])
    assert api.get(answer.headers["location"]).json() == body


def test_a_dataset_is_of_patients_unless_it_is_said_to_be_of_phantoms(api: Any) -> None:
    silent = api.post("/datasets", json={"name": "d"}).json()
    phantoms = api.post("/datasets", json={"name": "d", "origin": "phantoms"}).json()

    listed = {each["id"]: each["origin"] for each in api.get("/datasets").json()["items"]}
    assert listed == {silent["id"]: "patients", phantoms["id"]: "phantoms"}
    assert api.get(f"/datasets/{phantoms['id']}").json()["origin"] == "phantoms"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "a\u0000b"}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "d", "grid": "huge"}, "/grid"),
        ({"name": "d", "grid": {"shape": [64, 64], "spacing_mm": [1, 1, 1]}}, "/grid/shape"),
        ({"name": "d", "grid": {"shape": [1024] * 3, "spacing_mm": [1, 1, 1]}}, "/grid"),
        ({"name": "d", "scheme": "brats1999"}, "/scheme"),
        ({"name": "d", "origin": "animals"}, "/origin"),
        ({"name": "d", "scheme": {"ET": 4, "ED": 4}}, "/scheme"),
        ({"name": "d", "scheme": {"ET": 400}}, "/scheme/ET"),
        ({"name": "d", "grid": {"shape": [64, 64, 4], "spacing_mm": [1, 1, 1]}}, "/grid/shape/2"),
    ],
)
def test_a_wrong_dataset_is_refused_by_field(api: Any, body: Any, pointer: str) -> None:
    answer = api.post("/datasets", json=body)

    assert answer.status_code == 422
    assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"])


def test_each_file_gets_its_own_upload_url(
    api: Any, dataset: str, case_files: dict[str, Any]
) -> None:
    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "case-a", "files": case_files})

    assert answer.status_code == 201
    assert set(answer.json()) == set(case_files)
    for role, target in answer.json().items():
        assert target["expires"].endswith("Z")
        assert f"bytes={case_files[role]['bytes']}&" in target["url"]
    keys = {key_of(target["url"]) for target in answer.json().values()}
    assert len(keys) == len(case_files)
    assert not any(file["sha256"] in key for key in keys for file in case_files.values())


def test_a_file_that_has_arrived_need_not_be_put_again(
    api: Any, registered: str, case_files: dict[str, Any], upload: Upload
) -> None:
    upload(registered, ["t1"])
    upload(registered, ["t2"], size=3)
    other = case_files | {"seg": {"sha256": "f" * 64, "bytes": 14}}
    before = api.post(f"/datasets/{registered}/cases", json={"id": "case-a", "files": case_files})

    targets = api.post(f"/datasets/{registered}/cases", json={"id": "case-a", "files": other})

    old, new = before.json(), targets.json()
    assert new["t1"] == {"url": None, "expires": None}
    assert new["t2"]["url"] == old["t2"]["url"]
    assert key_of(new["seg"]["url"]) != key_of(old["seg"]["url"])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": "../up"}, "/id"),
        ({"id": ""}, "/id"),
        ({"id": "x" * 129}, "/id"),
        ({"files": {}}, "/files"),
        ({"files": {"t9": {"sha256": "0" * 64, "bytes": 1}}}, "/files/t9"),
        ({"files": {"t1": {"sha256": "XYZ", "bytes": 1}}}, "/files/t1/sha256"),
        ({"files": {"t1": {"sha256": "0" * 64, "bytes": 0}}}, "/files/t1/bytes"),
        ({"files": {"t1": {"sha256": "0" * 64}}}, "/files/t1/bytes"),
        ({"group": "\n"}, "/group"),
        ({"patient": "\n"}, "/patient"),
        ({"patient": "p" * 201}, "/patient"),
    ],
)
def test_a_wrong_case_is_refused_by_field(
    api: Any, dataset: str, case_files: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    answer = api.post(
        f"/datasets/{dataset}/cases", json={"id": "case-a", "files": case_files} | change
    )

    assert answer.status_code == 422
    assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"bytes": 0}, "Case p7, file t2: the file is empty (0 bytes); send the one that holds"),
        ({"bytes": -3}, "Case p7, file t2: the file is empty"),
        ({"bytes": 1 << 40}, "Case p7, file t2: the file has 1099511627776 bytes; at most"),
        ({"sha256": "XYZ"}, "Case p7, file t2: its SHA-256 is not 64 digits of 0 to 9 and a to f"),
        ({"sha256": None}, "Case p7, file t2: "),
        ({"colour": 1}, "Case p7, file t2: "),
    ],
)
def test_a_refused_file_is_told_with_its_case_and_role_in_words(
    api: Any, dataset: str, case_files: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    files = case_files | {"t2": case_files["t2"] | change}

    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "p7", "files": files})

    (error,) = answer.json()["errors"]
    assert error["detail"].startswith(sentence)
    assert error["pointer"].startswith("/files/t2/")


def test_an_unknown_role_is_told_with_its_case_and_the_known_ones(
    api: Any, dataset: str, case_files: dict[str, Any]
) -> None:
    files = {"t9": case_files["t1"]}

    answer = api.post(f"/datasets/{dataset}/cases", json={"id": "p7", "files": files})

    assert "Case p7, file t9: this is no role of a file; roles are t1, t1ce" in answer.text


@pytest.mark.parametrize("name", ["Patient 01", "Müller_2", "case#3", "-a", ".a", "x" * 129])
def test_the_rule_for_ids_of_cases_is_told_in_words(
    api: Any, dataset: str, case_files: dict[str, Any], name: str
) -> None:
    answer = api.post(f"/datasets/{dataset}/cases", json={"id": name, "files": case_files})

    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/id"
    assert name in error["detail"]
    assert "Use up to 128 letters (a to z, no accents), digits" in error["detail"]


def test_a_case_of_the_same_id_is_replaced(
    api: Any, registered: str, case_files: dict[str, Any]
) -> None:
    again = {"id": "case-a", "group": "site-2", "scheme": "med_ddpm", "files": case_files}

    api.post(f"/datasets/{registered}/cases", json=again)

    (case,) = api.get(f"/datasets/{registered}").json()["cases"]
    assert (case["group"], case["scheme"]) == ("site-2", "med_ddpm")


def test_the_patient_of_a_case_is_the_one_that_was_named_else_the_ids(
    api: Any, dataset: str, case_files: dict[str, Any]
) -> None:
    for case, named in (("sub-1_ses-a", {}), ("scan-2", {"patient": "sub-1"}), ("scan-3", {})):
        api.post(f"/datasets/{dataset}/cases", json={"id": case, "files": case_files} | named)

    cases = api.get(f"/datasets/{dataset}").json()["cases"]
    assert {case["id"]: case["patient"] for case in cases} == {
        "sub-1_ses-a": "sub-1",
        "scan-2": "sub-1",
        "scan-3": "scan-3",
    }


def test_commit_names_every_upload_that_is_missing_or_of_another_size(
    api: Any, registered: str, upload: Upload
) -> None:
    upload(registered, ["t1", "t2", "seg"])
    upload(registered, ["flair"], size=7)

    answer = api.post(f"/datasets/{registered}/commit")

    body = answer.json()
    assert answer.status_code == 422
    assert {error["pointer"]: error["detail"] for error in body["errors"]} == {
        "/cases/case-a/files/t1ce": "t1ce of case-a has not been uploaded.",
        "/cases/case-a/files/flair": "flair of case-a has 7 bytes; 13 were announced.",
    }
    assert api.get(f"/datasets/{registered}").json()["state"] == "open"


def test_an_empty_dataset_cannot_be_committed(api: Any, dataset: str) -> None:
    answer = api.post(f"/datasets/{dataset}/commit")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/cases"


def test_commit_hands_every_case_over_to_inspection_and_may_be_repeated(
    api: Any, registered: str, case_files: dict[str, Any], upload: Upload
) -> None:
    upload(registered, case_files)

    first = api.post(f"/datasets/{registered}/commit")
    second = api.post(f"/datasets/{registered}/commit")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.headers["location"] == f"/datasets/{registered}"
    assert first.headers["content-location"] == f"/datasets/{registered}"
    assert int(first.headers["retry-after"]) > 0
    assert first.json()["state"] == "inspecting"
    assert [case["state"] for case in first.json()["cases"]] == ["inspecting"]
    assert first.json()["progress"] == {"inspected": 0, "total": 1}
    assert second.json() == first.json()


def test_a_dataset_that_is_not_open_cannot_be_changed(
    api: Any, registered: str, case_files: dict[str, Any], upload: Upload
) -> None:
    upload(registered, case_files)
    api.post(f"/datasets/{registered}/commit")

    added = api.post(f"/datasets/{registered}/cases", json={"id": "b", "files": case_files})
    removed = api.delete(f"/datasets/{registered}/cases/case-a")

    for answer in (added, removed):
        assert answer.status_code == 409
        assert answer.json()["state"] == "inspecting"


def refuse(container: Container, dataset: str, problem: dict[str, str]) -> None:
    """What the orchestrator does when inspection refuses the case."""
    with container.write.begin() as session:
        session.get_one(Dataset, dataset).state = DatasetState.OPEN
        case = session.get_one(Case, (dataset, "case-a"))
        case.state, case.problems, case.step = CaseState.REFUSED, [problem], "0" * 64


def test_a_refused_case_says_why_and_is_inspected_anew_after_the_next_commit(
    api: Any, container: Container, registered: str, case_files: dict[str, Any], upload: Upload
) -> None:
    problem = {"file": "seg", "field": "label", "reason": "Label 7 is none of the scheme's."}
    upload(registered, case_files)
    refuse(container, registered, problem)

    shown = api.get(f"/datasets/{registered}").json()
    again = api.post(f"/datasets/{registered}/commit").json()

    assert shown["cases"][0]["problems"] == [problem]
    assert shown["progress"] == {"inspected": 1, "total": 1}
    assert (again["cases"][0]["state"], again["cases"][0]["problems"]) == ("inspecting", [])
    with container.read() as session:
        assert session.get_one(Case, (registered, "case-a")).step is None


def test_a_file_whose_content_was_not_the_announced_one_is_uploaded_again(
    api: Any, container: Container, registered: str, case_files: dict[str, Any], upload: Upload
) -> None:
    problem = {"file": "t2", "field": "sha256", "reason": "The content is another."}
    upload(registered, case_files)
    refuse(container, registered, problem)

    targets = api.post(
        f"/datasets/{registered}/cases", json={"id": "case-a", "files": case_files}
    ).json()

    assert [role for role, target in targets.items() if target["url"]] == ["t2"]


def test_a_refused_case_can_be_taken_out(api: Any, container: Container, registered: str) -> None:
    refuse(container, registered, {"file": "t1", "field": "affine", "reason": "It is oblique."})

    answer = api.delete(f"/datasets/{registered}/cases/case-a")

    assert answer.status_code == 204
    assert api.get(f"/datasets/{registered}").json()["cases"] == []
    assert api.delete(f"/datasets/{registered}/cases/case-a").status_code == 404


def test_a_ready_case_shows_its_volumes_and_warnings(
    api: Any, container: Container, registered: str
) -> None:
    with container.write.begin() as session:
        case = session.get_one(Case, (registered, "case-a"))
        case.state = CaseState.READY
        case.record = {
            "region_volumes_ml": {"ET": 1.5, "ED": 20.25, "NCR": 0.0},
            "warnings": [{"file": "seg", "field": "scheme", "reason": "Read as brats2021."}],
        }

    (shown,) = api.get(f"/datasets/{registered}").json()["cases"]

    assert shown["region_volumes_ml"] == {"ET": 1.5, "ED": 20.25, "NCR": 0.0}
    assert shown["warnings"] == ["seg: Read as brats2021."]


def test_others_do_not_learn_that_a_dataset_is_there(
    stranger: Any, admin: Any, registered: str, case_files: dict[str, Any]
) -> None:
    body = {"id": "b", "files": case_files}

    answers = [
        stranger.get(f"/datasets/{registered}"),
        stranger.post(f"/datasets/{registered}/cases", json=body),
        stranger.delete(f"/datasets/{registered}/cases/case-a"),
        stranger.post(f"/datasets/{registered}/commit"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert stranger.get("/datasets").json()["items"] == []
    assert admin.get(f"/datasets/{registered}").status_code == 200
    assert len(admin.get("/datasets").json()["items"]) == 1


def test_pages_hold_every_dataset_once_newest_first(api: Any) -> None:
    made = [api.post("/datasets", json={"name": f"d{n}"}).json()["id"] for n in range(5)]

    query: dict[str, Any] = {"limit": 2}
    pages = [api.get("/datasets", params=query).json()]
    while (cursor := pages[-1]["next"]) is not None:
        pages.append(api.get("/datasets", params=query | {"cursor": cursor}).json())

    assert [item["id"] for page in pages for item in page["items"]] == made[::-1]
    assert len(pages) == 3


def test_every_change_is_audited_and_no_reading_is(
    api: Any, container: Container, registered: str, case_files: dict[str, Any], upload: Upload
) -> None:
    upload(registered, case_files)
    api.post(f"/datasets/{registered}/commit")
    api.get(f"/datasets/{registered}")

    with container.read() as session:
        rows = session.scalars(select(Audit).where(Audit.client == "hospital").order_by(Audit.id))
        seen = [(row.action, row.target) for row in rows]

    assert seen == [
        ("dataset.create", registered),
        ("case.register", f"{registered}/case-a"),
        ("dataset.commit", registered),
    ]
