"""What every `ObjectStore` promises: the real one on a real server, and the tests' double."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from syntrust_core.errors import ObjectMissing, StoreUnavailable
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.base import ObjectInfo, ObjectStore
from syntrust_core.storage.presign import SigningKey, presign
from syntrust_core.storage.s3 import S3Store
from syntrust_core.testing import MemoryStore

SOON = timedelta(minutes=5)


@pytest.fixture
def s3(storage: StorageSettings) -> S3Store:
    store = S3Store(storage)
    store.ensure_bucket()
    return store


@pytest.fixture(params=["s3", "memory"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryStore()
    s3: S3Store = request.getfixturevalue("s3")
    return s3


def test_what_is_put_is_what_is_got(store: ObjectStore) -> None:
    store.put("a/b c/ü.bin", b"\x00\xff" * 1000)

    assert store.get("a/b c/ü.bin") == b"\x00\xff" * 1000


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put("empty", b"")

    assert store.exists("empty")
    assert store.get("empty") == b""


def test_a_second_put_replaces_the_first(store: ObjectStore) -> None:
    store.put("key", b"first and longer")
    store.put("key", b"second")

    assert store.get("key") == b"second"


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 3, b"012"), (4, 3, b"456"), (8, 100, b"89"), (7, None, b"789")],
)
def test_a_range_is_the_bytes_from_its_offset(
    store: ObjectStore, offset: int, length: int | None, expected: bytes
) -> None:
    store.put("key", b"0123456789")

    assert store.get("key", offset=offset, length=length) == expected


def test_a_missing_object_has_a_name(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing, match="nowhere"):
        store.get("nowhere")
    with pytest.raises(ObjectMissing, match="nowhere"):
        store.get_file("nowhere", tmp_path / "file")

    assert list(tmp_path.iterdir()) == []
    assert store.info("nowhere") is None
    assert not store.exists("nowhere")


def test_info_tells_the_size(store: ObjectStore) -> None:
    store.put("key", b"12345")

    assert store.info("key") == ObjectInfo("key", 5)


def test_create_writes_only_once(store: ObjectStore) -> None:
    first = store.create("key", b"first", content_type="application/json")
    second = store.create("key", b"second", content_type="application/json")

    assert (first, second) == (True, False)
    assert store.get("key") == b"first"


def test_of_racing_creators_exactly_one_wins(store: ObjectStore) -> None:
    won: list[int] = []
    start = threading.Barrier(8)

    def race(number: int) -> None:
        start.wait()
        if store.create("key", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert store.get("key") == str(won[0]).encode()


def test_a_listing_is_complete_and_holds_nothing_else(store: ObjectStore) -> None:
    keys = ["l/b", "l/a/2", "l/a/1", "l/a.json", "l/c/d/e"]
    for key in [*keys, "other", "la"]:
        store.put(key, key.encode())

    found = list(store.list("l/"))

    assert len(found) == len(keys)
    assert set(found) == {ObjectInfo(key, len(key)) for key in keys}


def test_a_listing_of_more_than_a_page_is_complete(store: ObjectStore) -> None:
    expected = [f"many/{index:04d}" for index in range(1100)]
    for key in expected:
        store.put(key, b"x")

    assert [item.key for item in store.list("many/")] == expected


def test_a_prefix_need_not_end_at_a_slash(store: ObjectStore) -> None:
    for key in ("p/abc", "p/abd", "p/b"):
        store.put(key, b"x")

    assert [item.key for item in store.list("p/ab")] == ["p/abc", "p/abd"]


def test_nothing_is_listed_where_nothing_is(store: ObjectStore) -> None:
    assert list(store.list("nothing/")) == []


def test_a_deleted_object_is_gone_and_deleting_nothing_is_fine(store: ObjectStore) -> None:
    store.put("key", b"x")

    store.delete("key")
    store.delete("key")

    assert not store.exists("key")
    assert list(store.list("key")) == []


def test_a_copy_has_the_content_and_replaces_what_was_there(store: ObjectStore) -> None:
    store.put("from/a b", b"new")
    store.put("to/ü", b"old and longer")

    store.copy("from/a b", "to/ü")

    assert (store.get("to/ü"), store.get("from/a b")) == (b"new", b"new")
    with pytest.raises(ObjectMissing, match="nowhere"):
        store.copy("nowhere", "to/other")
    assert not store.exists("to/other")


def test_an_object_says_when_it_was_written(store: ObjectStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)  # servers keep whole seconds
    store.put("key", b"x")

    (listed,), told = store.list("key"), store.info("key")

    assert told is not None
    for written in (listed.modified, told.modified):
        assert written is not None
        assert before <= written <= datetime.now(UTC) + timedelta(seconds=2)


def test_files_go_up_and_come_down_whole(store: ObjectStore, tmp_path: Path) -> None:
    content = bytes(range(256)) * (6 << 12)  # 6 MiB, more than a part of a multipart upload
    (tmp_path / "up").write_bytes(content)

    store.put_file("file", tmp_path / "up")
    store.get_file("file", tmp_path / "new folder" / "down")

    assert (tmp_path / "new folder" / "down").read_bytes() == content
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["down"]


def test_a_presigned_put_takes_exactly_its_object(s3: S3Store) -> None:
    url = s3.presign_put("uploads/one", size_bytes=7, expires=SOON)

    answer = httpx.put(url, content=b"content")
    elsewhere = httpx.put(url.replace("uploads/one", "uploads/two"), content=b"content")

    assert answer.status_code == 200
    assert s3.get("uploads/one") == b"content"
    assert elsewhere.status_code == 403
    assert not s3.exists("uploads/two")


def test_a_presigned_put_takes_exactly_its_size(s3: S3Store) -> None:
    url = s3.presign_put("staging/1/ü x", size_bytes=7, expires=SOON)

    answers = [
        httpx.put(url, content=content)
        for content in (b"longer than", b"short", b"", iter([b"con", b"tent"]))
    ]
    pretending = httpx.put(url, content=b"x" * 99, headers={"X-Amz-Decoded-Content-Length": "7"})

    assert [answer.status_code for answer in (*answers, pretending)] == [403] * 5
    assert not s3.exists("staging/1/ü x")
    assert httpx.put(url, content=b"content").status_code == 200
    assert s3.get("staging/1/ü x") == b"content"


def test_a_presigned_put_begins_no_copy_and_no_upload_in_parts(
    s3: S3Store, storage: StorageSettings
) -> None:
    s3.put("secret", b"of another")
    url = s3.presign_put("staging/1/x", size_bytes=0, expires=SOON)

    copied = httpx.put(url, content=b"", headers={"x-amz-copy-source": f"/{storage.bucket}/secret"})
    parts = [httpx.post(url + "&uploads"), httpx.put(url + "&partNumber=1&uploadId=x")]

    assert [answer.status_code for answer in (copied, *parts)] == [403] * 3
    assert not s3.exists("staging/1/x")


def test_a_url_that_has_expired_is_refused(s3: S3Store, storage: StorageSettings) -> None:
    key = SigningKey(storage.access_key, storage.secret_key.get_secret_value(), storage.region)
    url = presign(
        "PUT",
        f"{storage.endpoint}/{storage.bucket}/key",
        key,
        headers={"content-length": "1"},
        expires=timedelta(minutes=30),
        now=datetime.now(UTC) - timedelta(hours=1),
    )

    assert httpx.put(url, content=b"x").status_code == 403
    assert not s3.exists("key")


def test_a_presigned_get_gives_exactly_its_object(s3: S3Store) -> None:
    s3.put("one", b"content")
    s3.put("two", b"secret")
    url = s3.presign_get("one", expires=SOON)

    assert httpx.get(url).content == b"content"
    assert httpx.get(url.replace("/one", "/two")).status_code == 403
    assert httpx.put(url, content=b"x").status_code == 403


def test_urls_are_signed_for_the_public_endpoint(storage: StorageSettings) -> None:
    public = storage.model_copy(update={"public_endpoint": "https://s3.hospital.example"})

    url = S3Store(public).presign_put("key", size_bytes=1, expires=SOON)

    assert url.startswith("https://s3.hospital.example/")


def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    away = S3Store(
        StorageSettings(
            endpoint="http://127.0.0.1:9", access_key="a", secret_key=SecretStr("secret-key")
        )
    )

    with pytest.raises(StoreUnavailable):
        away.get("key")
    with pytest.raises(StoreUnavailable):
        away.create("key", b"")
    with pytest.raises(StoreUnavailable):
        list(away.list(""))


def test_wrong_keys_are_told_as_such(storage: StorageSettings) -> None:
    stranger = S3Store(storage.model_copy(update={"secret_key": SecretStr("not-the-key")}))

    with pytest.raises(StoreUnavailable):
        stranger.get("key")


PAGE, FOREIGN = "https://viewer.example", "https://foreign.example"


def _preflight(store: S3Store, origin: str, method: str) -> httpx.Response:
    """Ask as a browser does before a page of this origin sends a request."""
    url = store.presign_put("key", size_bytes=1, expires=SOON)
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return httpx.options(url, headers={**headers, "Access-Control-Request-Headers": "x-any"})


def _allows(answer: httpx.Response, origin: str, method: str) -> bool:
    methods = answer.headers.get("Access-Control-Allow-Methods", "").split(", ")
    return method in methods and answer.headers["Access-Control-Allow-Origin"] == origin


def test_no_web_page_may_use_a_presigned_url_unless_its_origin_is_named(s3: S3Store) -> None:
    s3.put("key", b"bytes")
    s3.set_browser_origins()

    preflight = _preflight(s3, PAGE, "GET")
    answer = httpx.get(s3.presign_get("key", expires=SOON), headers={"Origin": PAGE})

    assert not _allows(preflight, PAGE, "GET")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_of_named_origins_may_read_and_write_but_not_delete(
    storage: StorageSettings,
) -> None:
    store = S3Store(storage.model_copy(update={"browser_origins": (PAGE, "http://localhost:3000")}))
    store.ensure_bucket()
    store.put("key", b"bytes")
    store.set_browser_origins()

    allowed = {
        (origin, method)
        for origin in (PAGE, "http://localhost:3000", FOREIGN, "null")
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE")
        if _allows(_preflight(store, origin, method), origin, method)
    }
    answer = httpx.get(store.presign_get("key", expires=SOON), headers={"Origin": PAGE})
    foreign = httpx.get(store.presign_get("key", expires=SOON), headers={"Origin": FOREIGN})

    assert allowed == {
        (origin, method)
        for origin in (PAGE, "http://localhost:3000")
        for method in ("GET", "HEAD", "PUT")
    }
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_an_origin_that_is_named_no_more_is_closed_at_the_next_start(
    storage: StorageSettings,
) -> None:
    before = S3Store(storage.model_copy(update={"browser_origins": (PAGE,)}))
    before.ensure_bucket()
    before.set_browser_origins()

    S3Store(storage).set_browser_origins()

    assert not _allows(_preflight(before, PAGE, "GET"), PAGE, "GET")


def test_rules_that_the_server_refuses_are_an_error(storage: StorageSettings) -> None:
    wrong = {"secret_key": SecretStr("wrong"), "browser_origins": (PAGE,)}
    store = S3Store(storage.model_copy(update=wrong))

    with pytest.raises(StoreUnavailable, match="refused the CORS rules"):
        store.set_browser_origins()
