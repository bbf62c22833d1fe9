"""Dice scores of a caller as the body of `POST /trust-score`: files as they are, values as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syntrust.errors import UnfitScores
from syntrust.sending.nnunet import is_summary, pair_summaries
from syntrust.sending.plain import Nan, to_json, to_plain

JSON: Final = "application/json"
CSV: Final = "text/csv"
_NAN_FIELD: Final = re.compile(r'(?<=[,;\t])[ ]*"?nan"?[ ]*(?=[,;\t\r\n]|\Z)', re.IGNORECASE)


@dataclass(frozen=True)
class Body:
    """What is sent, and its media type."""

    content: bytes
    media: str


@dataclass(frozen=True)
class Reading:
    """How scores are to be understood.

    Attributes
    ----------
    nan : {"empty"} or None
        What NaN means; None refuses it.
    policy : mapping or None
        The request's policy; a table can have none.
    alpha : float or None
        Which α of a `results.csv` is meant.
    regions : mapping of str to str
        New names of nnU-Net's labels, as ``{"1": "NCR"}``.
    """

    nan: Nan = None
    policy: Mapping[str, Any] | None = None
    alpha: float | None = None
    regions: Mapping[str, str] | None = None


def make_body(scores: object, synthetic: object = None, how: Reading | None = None) -> Body:
    """Make the body of a request from a file, its bytes, a table, or values.

    `synthetic` is the second of a pair of nnU-Net's summaries. Bytes are sent as they are wherever
    that is possible: the server sees a key that stands twice, a parser here would drop one.

    Raises
    ------
    UnfitScores
        If they cannot be sent as they are.
    """
    how = how or Reading()
    if how.nan not in {None, "empty"}:
        raise UnfitScores(f"nan is 'empty' or None, not {how.nan!r}.")
    if synthetic is not None:
        pair = (_summary(scores, "The real scores"), _summary(synthetic, "The synthetic scores"))
        return _of_values(pair_summaries(*pair, names=how.regions or {}), how)
    if isinstance(scores, Path):
        named_json = scores.suffix.lower() == ".json"
        return _of_bytes(scores.read_bytes(), how, named_json=named_json)
    if isinstance(scores, bytes):
        return _of_bytes(scores, how)
    if isinstance(scores, str):
        return _of_table(scores.encode(errors="surrogatepass"), how)
    if callable(getattr(scores, "to_csv", None)) or callable(getattr(scores, "write_csv", None)):
        return _of_table(_write_table(scores).encode(), how)
    return _of_values(scores, how)


def _write_table(table: Any) -> str:  # noqa: ANN401 - no library of tables is imported
    """Write a table of pandas, with its index if that has a name, or one of polars."""
    if not callable(getattr(table, "to_csv", None)):
        return str(table.write_csv())
    named = any(name is not None for name in getattr(getattr(table, "index", None), "names", ()))
    # An empty field is null to the server, so NaN must not become one unasked.
    return str(table.to_csv(index=named, na_rep="nan"))


def _of_values(scores: object, how: Reading) -> Body:
    if isinstance(scores, Mapping) and is_summary(scores):
        raise UnfitScores(
            "This is nnU-Net's summary.json of one test set. Give that of the synthetic test set "
            "too, as --synthetic FILE or synthetic=."
        )
    plain = to_plain(scores, nan=how.nan)
    if not isinstance(plain, dict | list):
        raise UnfitScores(
            f"Scores are cases, a request, a table or a file, not {type(scores).__name__}."
        )
    body = plain if isinstance(plain, dict) else {"cases": plain}
    policy = {} if how.policy is None else {"policy": to_plain(how.policy, at="/policy")}
    return Body(to_json(body | policy), JSON)


def _of_bytes(content: bytes, how: Reading, *, named_json: bool = False) -> Body:
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = content[2:].replace(b"\0", b"").lstrip()
    if not named_json and not start.startswith((b"{", b"[")):
        return _of_table(content, how)
    if start.startswith(b"{") and b'"metric_per_case"' in content:
        return _of_values(read_json(content, "The file"), how)
    if how.nan is not None or how.policy is not None:
        return _of_values(read_json(content, "The file"), how)
    text = _utf8(content)
    return Body(b'{"cases":' + text + b"}" if start.startswith(b"[") else text, JSON)


def _utf8(content: bytes) -> bytes:
    """Give JSON of another Unicode encoding in UTF-8, and anything else as it is."""
    try:
        return content.decode(json.detect_encoding(content)).removeprefix("\ufeff").encode()
    except UnicodeError:
        return content  # the server says what is wrong in it


def read_json(content: bytes, what: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Read JSON in which each key of an object stands once.

    Raises
    ------
    UnfitScores
        If it is none. The error says where.
    """
    try:
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        return json.loads(text, object_pairs_hook=_each_once)
    except UnicodeError:
        raise UnfitScores(f"{what} is not JSON: it is no UTF-8.") from None
    except UnfitScores as error:
        raise UnfitScores(f"{what} is not used: {error}") from None
    except (ValueError, RecursionError) as error:
        raise UnfitScores(f"{what} is not JSON: {error}.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnfitScores(f"The key {twice!r} occurs twice in one object.")
    return found


def _summary(scores: object, what: str) -> Mapping[str, Any]:
    if isinstance(scores, Path):
        scores = read_json(scores.read_bytes(), str(scores))
    elif isinstance(scores, bytes):
        scores = read_json(scores, what)
    if not isinstance(scores, Mapping) or not is_summary(scores):
        raise UnfitScores(f"{what}: a pair is two files summary.json of nnU-Net.")
    return scores


def _of_table(content: bytes, how: Reading) -> Body:
    if how.policy is not None:
        raise UnfitScores("A table has no place for a policy. Give the cases as values, or JSON.")
    if how.alpha is None and how.nan is None:
        return Body(content, CSV)
    try:
        encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        text = content.decode(encoding)
    except UnicodeError:
        return Body(content, CSV)  # the server says what is wrong in it
    if how.nan == "empty":
        text = _NAN_FIELD.sub("", text)
    if how.alpha is not None:
        text = _keep_alpha(text, how.alpha)
    return Body(text.encode(), CSV)


def _keep_alpha(text: str, alpha: float) -> str:
    """Keep the lines of one α of a `results.csv`."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = rows[0] if rows else []
    if "alpha" not in header:
        raise UnfitScores("The table has no column alpha, so no α can be chosen of it.")
    at = header.index("alpha")
    kept = [row for row in rows[1:] if len(row) > at and _is_equal(row[at], alpha)]
    if not kept:
        found = ", ".join(dict.fromkeys(row[at] for row in rows[1:] if len(row) > at))
        raise UnfitScores(f"The table holds no α = {alpha:g}; it holds {found or 'none'}.")
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([header, *kept])
    return target.getvalue()


def _is_equal(text: str, alpha: float) -> bool:
    try:
        return math.isclose(float(text), alpha, abs_tol=1e-12)
    except ValueError:
        return False


Scores = Sequence[Mapping[str, Any]] | Mapping[str, Any] | str | bytes | Path
"""What `trust_score` takes, besides tables of pandas and polars and arrays of such cases."""
