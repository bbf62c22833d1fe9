"""What `trust_score` sends: files as they are, and values of numpy, pandas and nnU-Net as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from syntrust import UnfitScores
from syntrust.sending.plain import to_json, to_plain
from syntrust.sending.scores import CSV, JSON, Reading, make_body

TABLE = "case,set,region,dice\na,real,ET,0.5\na,synthetic,ET,nan\n"
EMPTY = Reading(nan="empty")


def case(real: Any = 0.5, **more: Any) -> dict[str, Any]:
    return {"id": "a", "real": {"ET": real}, "synthetic": {"ET": 0.25}, **more}


class Number:
    """As numpy's numbers: it says itself what it is in Python."""

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value


class Column:
    """As an array or a column of a table."""

    def __init__(self, *values: object) -> None:
        self.values = values

    def tolist(self) -> list[object]:
        return list(self.values)


@pytest.mark.parametrize("content", [TABLE.encode(), b"\xef\xbb\xbfa,b\n", b"\xff\xfea\0", b""])
def test_a_table_is_sent_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "scores.csv"
    file.write_bytes(content)

    for scores in (file, content):
        body = make_body(scores)
        assert (body.content, body.media) == (content, CSV)


def test_a_key_that_stands_twice_reaches_the_server(tmp_path: Path) -> None:
    twice = b'{"cases":[{"id":"a","id":"b","real":{"ET":1},"synthetic":{"ET":1}}]}'
    file = tmp_path / "scores.json"
    file.write_bytes(twice)

    assert make_body(file).content == twice
    assert make_body(b'[{"id":"a","id":"b"}]').content == b'{"cases":[{"id":"a","id":"b"}]}'


@pytest.mark.parametrize("how", [EMPTY, Reading(policy={"ddof": 1})])
def test_where_a_file_must_be_read_here_a_key_that_stands_twice_is_refused(how: Reading) -> None:
    with pytest.raises(UnfitScores, match="key 'id' occurs twice"):
        make_body(b'{"cases":[{"id":"a","id":"b"}]}', how=how)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_of_another_unicode_encoding_is_sent_as_utf_8(encoding: str) -> None:
    text = '{"cases": [{"id": "é"}]}'

    body = make_body(text.encode(encoding), how=Reading())

    if encoding in {"utf-16-le", "utf-32"}:  # only a name says that these are JSON
        return
    assert (body.content, body.media) == (text.encode(), JSON)


def test_numbers_and_arrays_of_other_libraries_are_plain_json() -> None:
    given = case(Number(0.5), seed=Number(3), group=None)
    cases = Column(given, case(Column(0.5).tolist()[0]))

    body = make_body(cases)

    first, second = json.loads(body.content)["cases"]
    assert first == case(0.5, seed=3, group=None)
    assert second == case(0.5)


def test_numpy_itself_is_understood() -> None:
    numpy = pytest.importorskip("numpy")
    given = {
        "id": numpy.str_("a"),
        "real": {"ET": numpy.float32(0.5)},
        "synthetic": {"ET": numpy.array(0.25)},
        "seed": numpy.int64(0),
    }

    assert to_plain(given) == case(0.5, seed=0)
    assert json.loads(to_json({"alphas": numpy.linspace(0, 1, 3)})) == {"alphas": [0.0, 0.5, 1.0]}
    assert json.loads(to_json({"flag": numpy.True_})) == {"flag": True}


def test_a_table_of_pandas_is_sent_as_csv_with_its_named_index() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"case": ["a"], "set": ["real"], "region": ["ET"], "dice": [0.1]})

    assert make_body(frame).content == b"case,set,region,dice\na,real,ET,0.1\n"
    assert make_body(frame.set_index("case")) == make_body(frame)


def test_nan_of_a_table_is_empty_only_if_that_is_said() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"case": ["a"], "dice": [math.nan]})

    assert make_body(frame).content == b"case,dice\na,nan\n"
    assert make_body(frame, how=EMPTY).content == b"case,dice\na,\n"
    assert make_body(TABLE).content == TABLE.encode()
    assert make_body(TABLE, how=EMPTY).content == TABLE.replace("nan", "").encode()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (math.nan, r'/0/real/ET is NaN.*nan="empty"'),
        (Number(math.nan), "/0/real/ET is NaN"),
        (math.inf, "/0/real/ET is inf"),
        ({1, 2}, "/0/real/ET is a set"),
        (b"x", "/0/real/ET is a bytes"),
    ],
)
def test_a_value_that_json_cannot_hold_is_refused_at_its_pointer(value: Any, why: str) -> None:
    with pytest.raises(UnfitScores, match=why):
        make_body([case(value)])


def test_nan_is_null_if_the_caller_says_what_it_means() -> None:
    body = make_body([case(math.nan), case(Number(math.nan))], how=EMPTY)

    assert [each["real"]["ET"] for each in json.loads(body.content)["cases"]] == [None, None]
    with pytest.raises(UnfitScores, match="is inf"):
        make_body([case(math.inf)], how=EMPTY)


def test_what_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(UnfitScores, match="nested too deeply"):
        to_json(endless)


def test_a_table_has_no_place_for_a_policy() -> None:
    with pytest.raises(UnfitScores, match="no place for a policy"):
        make_body(TABLE, how=Reading(policy={"ddof": 1}))


RESULTS = "case,set,alpha,region,metric,value\na,real,0,ET,dice,1\na,real,0.5,ET,dice,0\n"


def test_one_alpha_of_our_table_is_kept() -> None:
    body = make_body(RESULTS, how=Reading(alpha=0.5))

    assert body.content == RESULTS.replace("a,real,0,ET,dice,1\n", "").encode()


def test_an_alpha_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnfitScores, match=r"no α = 0\.25; it holds 0, 0\.5"):
        make_body(RESULTS, how=Reading(alpha=0.25))
    with pytest.raises(UnfitScores, match="no column alpha"):
        make_body(TABLE, how=Reading(alpha=0.5))


def summary(*dice: float, ref: int = 0, version: int = 2) -> dict[str, Any]:
    """nnU-Net's file of an evaluation of cases c0, c1, …"""
    measured = [{"Dice": each, "n_ref": ref, "n_pred": 0} for each in dice]
    if version == 1:
        old = {"Total Positives Reference": 0, "Total Positives Test": 0}
        entries = [
            {"1": {"Dice": each, **old}, "reference": f"r/c{n}.nii.gz", "test": f"p/c{n}.nii.gz"}
            for n, each in enumerate(dice)
        ]
        return {"results": {"all": entries, "mean": {}}}
    entries = [
        {"metrics": {"1": each}, "reference_file": f"r/c{n}.nii.gz", "prediction_file": "p/x"}
        for n, each in enumerate(measured)
    ]
    return {"metric_per_case": entries, "foreground_mean": {"Dice": 0.5}, "mean": {}}


@pytest.mark.parametrize("version", [1, 2])
def test_a_pair_of_nnunets_summaries_is_cases_with_both_sides(tmp_path: Path, version: int) -> None:
    files = []
    for name, dice in (("real", (0.5, math.nan)), ("synthetic", (0.25, math.nan))):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(summary(*dice, version=version)))

    real, synthetic = files
    body = make_body(real, synthetic, Reading(regions={"1": "ET"}))

    assert json.loads(body.content)["cases"] == [
        {"id": "c0", "real": {"ET": 0.5}, "synthetic": {"ET": 0.25}},
        {"id": "c1", "real": {"ET": None}, "synthetic": {"ET": None}},
    ]
    assert '"1":' in make_body(real, synthetic).content.decode()


@pytest.mark.parametrize(
    ("real", "synthetic", "why"),
    [
        (summary(0.5), None, "Give that of the synthetic test set too, as --synthetic FILE"),
        (summary(0.5), summary(0.5, 0.5), "real summary has no case c1, which the synthetic one"),
        (summary(0.5), {"cases": []}, "a pair is two files summary.json"),
        (summary(math.nan, ref=1), summary(0.5), "Dice of label 1 of case c0 .real. is NaN"),
        ({"metric_per_case": [3]}, summary(0.5), "Entry 0 of the real summary names no file"),
        ({"metric_per_case": {}}, summary(0.5), "no list metric_per_case"),
        ({"metric_per_case": []}, summary(0.5), "holds no case"),
    ],
)
def test_a_summary_that_cannot_be_paired_is_refused_by_name(
    real: Any, synthetic: Any, why: str
) -> None:
    with pytest.raises(UnfitScores, match=why):
        make_body(real, synthetic)
