"""The tables that people have say the same as a plain one, or are refused with what to change."""

from __future__ import annotations

import pytest
from tests.unit.metrics.as_json import score_cases

from syntrust_metrics.trust import InvalidScores, decode_table, parse_csv

PLAIN = """case,set,region,dice
a,real,ET,0.91
a,real,ED,0
a,synthetic,ET,0.9
a,synthetic,ED,
b,real,ET,0.5
b,real,ED,0.25
b,synthetic,ET,1
b,synthetic,ED,0.75
"""
REQUEST = parse_csv(PLAIN)
SEMICOLONS = PLAIN.replace(",", ";").replace(".", ",")
LINES = PLAIN.splitlines()
BY_REGION = "case,set,ET,ED\na,real,.91,0\na,synthetic,.9,\nb,real,.5,.25\nb,synthetic,1,.75\n"
BY_SIDE = "case,ET_real,ED_real,ET_synthetic,ED_synthetic\na,.91,0,.9,\nb,.5,.25,1,.75\n"
BRATS = BY_SIDE.replace("ET_", "Dice_ET_").replace("ED_", "Dice_ED_")
SAME = {
    "a byte order mark": "\ufeff" + PLAIN,
    "semicolons and decimal commas, as a German Excel writes": SEMICOLONS,
    "a line that names the separator": "sep=;\r\n" + SEMICOLONS.replace("\n", "\r\n"),
    "a separator that is named and is a comma": "sep=,\n" + PLAIN,
    "tabs": PLAIN.replace(",", "\t"),
    "tabs and decimal commas": PLAIN.replace(",", "\t").replace(".", ","),
    "decimal commas in quotes": PLAIN.replace("0.91", '"0,91"'),
    "lines that end with a carriage return": PLAIN.replace("\n", "\r"),
    "the index of pandas": "\n".join(
        f"{n - 1 if n else ''},{line}" for n, line in enumerate(LINES)
    ),
    "an index that pandas read": "\n".join(
        f"{n - 1 if n else 'Unnamed: 0'},{line}" for n, line in enumerate(LINES)
    ),
    "empty columns of a spreadsheet": "".join(f"{line},,\n" for line in LINES),
    "empty fields behind the header's": LINES[0] + "\n" + "".join(f"{x},,\n" for x in LINES[1:]),
    "other measures": "\n".join(f"{x},{'3.2' if n else 'hd95'}" for n, x in enumerate(LINES)),
    "sets in capitals": PLAIN.replace("real", "Real").replace("synthetic", "SYNTHETIC"),
    "a column a region": BY_REGION,
    "a column a region and set": BY_SIDE,
    "the set before the region": BY_SIDE.replace("ET_real", "Real ET"),
    "columns named as Dice": BRATS,
    "columns named as Dice beside other measures": BRATS.replace(
        "\n", ",hausdorff95_ET_real\n", 1
    ).replace("\nb", ",3\nb"),
}
SAME["columns named as Dice beside other measures"] = (
    SAME["columns named as Dice beside other measures"].removesuffix("\n") + ",4\n"
)


@pytest.mark.parametrize("table", SAME.values(), ids=SAME)
def test_a_table_as_people_have_it_says_what_the_plain_one_says(table: str) -> None:
    found = parse_csv(table)

    assert found == REQUEST


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_with_its_mark_is_read_in_utf_8_and_utf_16(encoding: str) -> None:
    marked = PLAIN if encoding in {"utf-8", "utf-8-sig", "utf-16"} else "\ufeff" + PLAIN

    assert parse_csv(decode_table(marked.encode(encoding))) == REQUEST


REFUSED = {
    "one of Windows": (
        PLAIN.replace("a,", "Müller,").encode("cp1252"),
        "",
        r"not UTF-8 at byte 22 \(line 2\).*CSV UTF-8.*iconv",
    ),
    "half of UTF-16": (b"\xff\xfec", "", "begins as UTF-16 and is none"),
    "UTF-16 without its mark": (PLAIN.encode("utf-16-le"), "/lines/1", "NUL.*byte order mark"),
    "an Excel workbook": (b"PK\x03\x04", "", "Save the sheet as 'CSV UTF-8'"),
}


@pytest.mark.parametrize(("content", "at", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_text_is_refused_with_the_way_to_convert_it(
    content: bytes, at: str, why: str
) -> None:
    with pytest.raises(InvalidScores, match=why) as refusal:
        decode_table(content)

    assert refusal.value.pointer == at


UNCLEAR = {
    "a renamed column": ("ID,set,region,dice\n", "no column case", "ID, set, region, dice"),
    "no Dice": ("case,set,region,score\n", "no column dice", "case, set, region, score"),
    "an unknown column": (
        "case,set,region,dice,fold\n",
        "The column fold is unknown; take it out, or rename it",
        "case, set, region, dice, fold",
    ),
    "a column of no set": ("case,ET\n", "The column ET names no set", "case, ET"),
    "one set alone": ("case,ET_real\n", "ET has no column of the synthetic set", "ET_real"),
    "a region twice": ("case,set,ET,Dice ET\n", "The column ET is no Dice", "Dice ET"),
    "a region by two names": ("case,set,Dice ET,ET dice\n", "Two columns give ET", "ET dice"),
    "no region": ("case,set,group\n", "No column holds a Dice", "case, set, group"),
    "a column twice": ("case,set,region,dice,dice\n", "dice occurs twice", "dice, dice"),
    "nothing": ("", "no column case", "none"),
}


@pytest.mark.parametrize(("table", "why", "found"), UNCLEAR.values(), ids=UNCLEAR)
def test_columns_that_may_mean_anything_are_refused_with_those_found_and_those_wanted(
    table: str, why: str, found: str
) -> None:
    with pytest.raises(InvalidScores, match=why) as refusal:
        parse_csv(table)

    assert refusal.value.pointer == "/lines/1"
    assert f"The columns found are: {found}" in refusal.value.detail or found in str(refusal.value)
    assert "case,set,region,dice" in refusal.value.detail


LINE = "case,set,region,dice\na,real,ET,{}\n"
WRONG = {
    "NaN": (LINE.format("nan"), "/lines/2/dice", "leave it empty where reference and prediction"),
    "a percentage": (LINE.format("91.2"), "/lines/2/dice", "divide a percentage by 100"),
    "a percent sign": (LINE.format("91 %"), "/lines/2/dice", "divide a percentage by 100"),
    "a word": (LINE.format("#DIV/0!"), "/lines/2/dice", "It is '#DIV/0!'"),
    "a Dice of a wide table": ("case,set,ET\na,real,2\n", "/lines/2/ET", "ET in line 2"),
    "the header in line 2": ("sep=;\ncase;set;x\na;real;y\n", "/lines/3/x", "x in line 3"),
    "a value without a column": (
        "case,set,region,dice,\na,real,ET,1,x\n",
        "/lines/2",
        "column 5, which has no name",
    ),
    "a case twice": (
        "case,set,ET\na,real,1\na,real,1\n",
        "/lines/3/ET",
        r"ET \(real\) of case a a second time",
    ),
    "the mean of a wide table": (
        "case,ET_real,ET_synthetic\nMean,1,1\n",
        "/lines/2/case",
        "row Mean of a summary, which is no case",
    ),
    "a standard deviation": (
        "case,set,region,dice\nStdDev,real,ET,1\n",
        "/lines/2/case",
        "row StdDev of a summary",
    ),
}


@pytest.mark.parametrize(("table", "at", "why"), WRONG.values(), ids=WRONG)
def test_a_field_that_cannot_be_used_is_named_with_what_it_should_be(
    table: str, at: str, why: str
) -> None:
    with pytest.raises(InvalidScores, match=why) as refusal:
        parse_csv(table)

    assert refusal.value.pointer == at


@pytest.mark.parametrize("name", ["Mean", "StdDev", "mean", "MEDIAN"])
def test_a_row_of_a_summary_is_no_case_of_a_request(name: str) -> None:
    side = {"ET": 0.5}
    cases = [{"id": each, "real": side, "synthetic": side} for each in ("a", name)]

    with pytest.raises(InvalidScores, match=f"{name} is the name of a row of a summary") as refusal:
        score_cases({"cases": cases})

    assert refusal.value.pointer == "/cases/1/id"
