"""A case folder is described, checked, and sent where the server says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol

import pytest

from syntrust import Client, ServerFailed, SynTrustError, UnfitFolder


class Answer(Protocol):
    def __call__(self, status: int = ..., body: Any = ..., media: str = ...) -> Any: ...


HELD = {role: {"url": None, "expires": None} for role in ("t1ce", "t2", "flair")}
"""Where the files of these roles go: nowhere, the store has them."""
SEG_HELD = HELD | {"seg": {"url": None, "expires": None}}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case-1"
    folder.mkdir()
    (folder / "t1.nii.gz").write_bytes(b"a" * 3_000_000)
    (folder / "case-1_seg.nii.gz").write_bytes(b"bb")
    for role in HELD:
        (folder / f"{role}.nii.gz").write_bytes(b"c")
    (folder / "notes.txt").write_text("no role")
    return folder


def test_a_case_is_described_by_content_and_only_missing_files_are_sent(
    server: Any, client: Client, answer: Answer, case: Path
) -> None:
    places = SEG_HELD | {"t1": {"url": f"{server.url}/store/t1?signed=1", "expires": "…"}}
    server.on("POST /datasets/d1/cases", answer(201, places))
    server.on("PUT /store/t1?signed=1", answer())
    heard: list[int] = []

    added = client.datasets.add_case("d1", case, group="site-1", on_bytes=heard.append)

    asked = server.to("POST /datasets/d1/cases")[0].json()
    sent = server.to("PUT /store/t1?signed=1")[0]
    seg = {"sha256": hashlib.sha256(b"bb").hexdigest(), "bytes": 2}
    assert (asked["id"], asked["group"], asked["files"]["seg"]) == ("case-1", "site-1", seg)
    assert not {"scheme", "patient"} & set(asked)
    assert sent.body == b"a" * 3_000_000
    assert "Authorization" not in sent.headers
    assert (added.ignored, added.uploaded_bytes) == (("notes.txt",), 3_000_000)
    assert sum(heard) == 3_000_005


def test_an_upload_that_failed_starts_again_and_its_bytes_count_once(
    server: Any, client: Client, answer: Answer, case: Path
) -> None:
    places = SEG_HELD | {"t1": {"url": f"{server.url}/t1"}}
    server.on("POST /datasets/d1/cases", answer(201, places))
    server.on("PUT /t1", answer(503), answer())
    heard: list[int] = []

    client.datasets.add_case("d1", case, on_bytes=heard.append)

    assert [len(asked.body) for asked in server.to("PUT /t1")] == [3_000_000, 3_000_000]
    assert sum(heard) == 3_000_005


def test_a_url_that_has_expired_is_asked_for_again_and_bytes_count_once(
    server: Any, client: Client, answer: Answer, case: Path
) -> None:
    old = HELD | {"t1": {"url": f"{server.url}/old"}, "seg": {"url": f"{server.url}/old-seg"}}
    new = SEG_HELD | {"t1": {"url": f"{server.url}/new"}}
    server.on("POST /datasets/d1/cases", answer(201, old), answer(201, new))
    server.on("PUT /old", answer(403))
    server.on("PUT /old-seg", answer())
    server.on("PUT /new", answer())
    heard: list[int] = []

    client.datasets.add_case("d1", case, on_bytes=heard.append)

    (sent,) = server.to("PUT /new")
    assert (sent.headers["Content-Length"], len(sent.body)) == ("3000000", 3_000_000)
    assert "Transfer-Encoding" not in sent.headers
    assert sum(heard) == 3_000_005


def test_a_refused_upload_names_the_file(
    server: Any, client: Client, answer: Answer, case: Path
) -> None:
    places = SEG_HELD | {"t1": {"url": f"{server.url}/t1"}}
    server.on("POST /datasets/d1/cases", answer(201, places))
    server.on("PUT /t1", answer(403, b"<Error/>", "text/xml"))

    with pytest.raises(ServerFailed, match=r"refused t1\.nii\.gz \(403\)"):
        client.datasets.add_case("d1", case)


def test_a_case_carries_the_patient_and_the_id_that_its_caller_names(
    server: Any, client: Client, answer: Answer, case: Path
) -> None:
    places = SEG_HELD | {"t1": {"url": None}}
    server.on("POST /datasets/d1/cases", answer(201, places))

    client.datasets.add_case("d1", case, case_id="c9", patient=" p 7 ", scheme="brats2021")

    asked = server.to("POST /datasets/d1/cases")[0].json()
    assert (asked["id"], asked["patient"], asked["scheme"]) == ("c9", "p 7", "brats2021")


def test_a_case_that_cannot_be_sent_is_refused_before_anything_is_asked(
    server: Any, client: Client, case: Path
) -> None:
    with pytest.raises(UnfitFolder, match="'c 9' cannot be a case id: a case id is 1 to 128"):
        client.datasets.add_case("d1", case, case_id="c 9")
    with pytest.raises(SynTrustError, match="cannot name a patient"):
        client.datasets.add_case("d1", case, patient="\n")
    (case / "t2.nii.gz").write_bytes(b"")
    with pytest.raises(UnfitFolder, match=r"case-1: t2\.nii\.gz is empty \(0 bytes\)\.$"):
        client.datasets.add_case("d1", case)
    assert server.asked == []
