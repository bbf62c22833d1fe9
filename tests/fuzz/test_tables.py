"""Damaged tables and JSON of Dice: each gives an answer, or a sentence that leads to the place.

Equal seeds give equal inputs.
"""

from __future__ import annotations

import json
import random
import re
import resource
from collections.abc import Callable
from typing import Final

import pytest

from syntrust.errors import SynTrustError
from syntrust.sending.scores import Reading, make_body
from syntrust_gateway.trust_score.pipe import CSV, JSON, Answer
from syntrust_gateway.trust_score.scoring import score_request

MOST_BYTES: Final = 2 * 10**9
Damage = Callable[[random.Random, bytes], bytes]
SIDES: Final = ("real", "synthetic")
LONG: Final = "case,set,region,dice,group,seed\n" + "".join(
    f"c{case},{side},{region},{0.5 + case / 40:.3f},g{case % 2},0\n"
    for case in range(12)
    for side in SIDES
    for region in ("ET", "ED")
)
BY_SIDE: Final = "case,ET_real,ED_real,ET_synthetic,ED_synthetic\n" + "".join(
    f"c{case},0.{case + 10},0.{case + 20},0.{case + 30},0.{case + 40}\n" for case in range(12)
)
BY_REGION: Final = "case,set,ET,ED\n" + "".join(
    f"c{case},{side},0.{case + 10},0.{case + 20}\n" for case in range(12) for side in SIDES
)
RESULTS: Final = "case,group,seen,set,alpha,seed,region,metric,value\n" + "".join(
    f"c{case},,no,{side},0.5,0,ET,{metric},0.{case + 10}\n"
    for case in range(12)
    for side in SIDES
    for metric in ("dice", "hd95_mm")
)
TABLES: Final = (
    LONG.encode(),
    LONG.replace(",", ";").replace(".", ",").encode(),
    LONG.replace(",", "\t").encode("utf-16"),
    BY_SIDE.encode(),
    BY_REGION.encode(),
    RESULTS.encode(),
)
REQUEST: Final = json.dumps(
    {
        "cases": [
            {"id": f"c{n}", "group": "g", "real": {"ET": n / 20}, "synthetic": {"ET": n / 25}}
            for n in range(12)
        ],
        "policy": {"empty": "brats", "confidence": 0.95, "resamples": 200, "seed": 1},
    }
).encode()
TOKENS: Final = (
    *(b"nan", b"NaN", b"inf", b"-1", b"1e999", b"1.0000001", b"91,2", b"0,91", b"", b" ", b'"'),
    *(b"'=1+1", b"Mean", b"StdDev", b"real", b"twin", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\0"),
    *(b",", b";", b"\t", b"\r", b"\n", b"\r\n", b"sep=;\n", b"case", b"dice", b"ET_real"),
    *(b"null", b"true", b"{}", b"[]", b"[" * 300, b"\\ud800", b"\\u0000", b'"id":', b"{", b"}"),
    *("é".encode("cp1252"), "α".encode(), b"9" * 400, b"x" * 300, "\u200b".encode()),
)


def flip_byte(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


def insert_token(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(TOKENS) + content[at:]


def replace_field(chance: random.Random, content: bytes) -> bytes:
    fields = list(re.finditer(rb"[^,;\t\r\n:{}\[\]]+", content))
    if not fields:
        return content
    found = chance.choice(fields)
    return content[: found.start()] + chance.choice(TOKENS) + content[found.end() :]


def drop_part(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.randrange(1, 40) :]


def repeat_part(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    end = at + chance.randrange(1, 200)
    return content[:end] + content[at:]


def cut(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(1, len(content) + 1)]


def shuffle_lines(chance: random.Random, content: bytes) -> bytes:
    first, *lines = content.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join((first, *lines))


DAMAGES: Final[tuple[Damage, ...]] = (
    *(flip_byte, insert_token, replace_field, drop_part, repeat_part, cut, shuffle_lines),
)


def damaged(seed: int, originals: tuple[bytes, ...]) -> bytes:
    """The input of a seed: one to three damages of one original."""
    chance = random.Random(seed)
    content = chance.choice(originals)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        content = chance.choice(DAMAGES)(chance, content) or b","
    return content


def is_answered(content: bytes, media: str) -> bool:
    """Whether it was answered; a refusal must be a sentence that leads to the place."""
    found = score_request(content, media, None)
    if isinstance(found, Answer):
        json.loads(found.content)
        return True
    assert found.detail.endswith("."), found
    assert len(found.detail) < 2000, found
    assert found.pointer or re.search(
        r"byte \d+|column \d+|begins as UTF-16|has a NUL|must be a JSON object|nested too deeply"
        r"|Excel workbook",
        found.detail,
    ), found
    return False


def send(content: bytes) -> None:
    """The client sends it or refuses it by an error of its own; any other error is a failure."""
    for how in (Reading(), Reading(nan="empty"), Reading(alpha=0.5)):
        try:
            make_body(content, how=how)
        except SynTrustError as error:
            assert str(error).endswith("."), error  # noqa: PT017 - both are right


def run(seeds: range, originals: tuple[bytes, ...], media: str) -> None:
    answered, before = 0, peak_bytes()
    for seed in seeds:
        content = damaged(seed, originals)
        answered += is_answered(content, media)
        send(content)
    # A reader that refuses all, or believes all, would pass what is above.
    assert 0.02 < answered / len(seeds) < 0.9
    assert peak_bytes() - before < MOST_BYTES


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


BOTH: Final = pytest.mark.parametrize(
    ("originals", "media"), [(TABLES, CSV), ((REQUEST,), JSON)], ids=["tables", "JSON"]
)


@BOTH
def test_a_damaged_table_gives_an_answer_or_a_sentence_with_its_place(
    originals: tuple[bytes, ...], media: str
) -> None:
    run(range(200), originals, media)


@pytest.mark.long
@BOTH
def test_two_thousand_damaged_tables_give_answers_or_sentences_with_their_place(
    originals: tuple[bytes, ...], media: str
) -> None:
    run(range(2000), originals, media)


@pytest.mark.parametrize("content", TABLES)
def test_each_table_is_answered_before_it_is_damaged(content: bytes) -> None:
    assert is_answered(content, CSV)
