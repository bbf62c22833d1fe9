from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from syntrust_core.storage.presign import SigningKey, presign

KEY = SigningKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
NOW = datetime(2013, 5, 24, tzinfo=UTC)


def signature(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]


def test_the_signature_is_that_of_the_example_in_awss_documentation() -> None:
    url = presign(
        "GET",
        "https://examplebucket.s3.amazonaws.com/test.txt",
        KEY,
        headers={},
        expires=timedelta(days=1),
        now=NOW,
    )

    assert signature(url) == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


def test_headers_are_named_in_the_url_and_bound_by_the_signature() -> None:
    def sign(length: str) -> str:
        return presign(
            "PUT",
            "http://127.0.0.1:9000/bucket/a b/ü",
            KEY,
            headers={"content-length": length},
            expires=timedelta(hours=2),
            now=NOW,
        )

    query = parse_qs(urlsplit(sign("5")).query)

    assert sign("5").startswith("http://127.0.0.1:9000/bucket/a%20b/%C3%BC?")
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert query["X-Amz-Expires"] == ["7200"]
    assert signature(sign("5")) != signature(sign("6"))


@pytest.mark.parametrize(
    ("given", "sent"), [("https://s3:443", "https://s3"), ("http://s3:80", "http://s3")]
)
def test_a_schemes_own_port_is_not_part_of_the_signed_host(given: str, sent: str) -> None:
    urls = [
        presign("PUT", f"{base}/b/k", KEY, headers={}, expires=timedelta(hours=1), now=NOW)
        for base in (given, sent)
    ]

    assert signature(urls[0]) == signature(urls[1])
