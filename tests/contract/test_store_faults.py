"""What the S3 adapter makes of a store that refuses, fails, is silent, or has another clock."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest
from pydantic import SecretStr
from tests.contract.s3_faults import answers, faulty_store

from syntrust_core.errors import StoreUnavailable
from syntrust_core.settings import StorageSettings
from syntrust_core.storage.bounded_http import BoundedPool
from syntrust_core.storage.faults import translated
from syntrust_core.storage.s3 import S3Store


def store_at(endpoint: str) -> S3Store:
    return S3Store(
        StorageSettings(endpoint=endpoint, access_key="a", secret_key=SecretStr("secret-key"))
    )


def test_a_refusal_names_the_object_and_the_reason() -> None:
    with faulty_store(answers(403, "AccessDenied")) as faulty:
        store = store_at(faulty.endpoint)

        with pytest.raises(StoreUnavailable, match=r"refused a/key: AccessDenied\."):
            store.get("a/key")
        with pytest.raises(StoreUnavailable, match=r"refused a/key: AccessDenied\."):
            store.info("a/key")
        with pytest.raises(StoreUnavailable, match=r"refused a/key: a write was answered by 403\."):
            store.create("a/key", b"")


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_off_is_told_with_its_difference(minutes: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    with faulty_store(answers(403, "RequestTimeTooSkewed", date=date)) as faulty:
        store = store_at(faulty.endpoint)

        for ask in (store.get, store.info, lambda key: store.create(key, b"")):
            with pytest.raises(StoreUnavailable, match=r"clock of this machine") as told:
                ask("key")
            differ_s = told.value.context["seconds"]
            assert isinstance(differ_s, int)
            assert differ_s == pytest.approx(-60 * minutes, abs=30)


def test_a_store_that_fails_is_asked_again_and_then_told_as_such() -> None:
    with (
        faulty_store(answers(500, "InternalError")) as faulty,
        pytest.raises(StoreUnavailable, match="failed again and again"),
    ):
        store_at(faulty.endpoint).get("key")

    assert faulty.asked == ["GET /syntrust/key"] * 4


def test_a_silent_store_is_given_up_once_patience_has_ended() -> None:
    over = threading.Event()

    def say_nothing(_: BaseHTTPRequestHandler) -> None:
        over.wait(30)

    began = time.monotonic()
    with faulty_store(say_nothing) as faulty:
        pool = BoundedPool(patience_s=0.3, read_s=0.2)
        try:
            with (
                pytest.raises(StoreUnavailable, match="does not answer in time for key"),
                translated("key"),
            ):
                pool.request("GET", faulty.endpoint)
        finally:
            over.set()

    assert len(faulty.asked) == 2  # the third would have begun after patience
    assert time.monotonic() - began < 20
