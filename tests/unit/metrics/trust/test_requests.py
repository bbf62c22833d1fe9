"""Every refusal names the field, and CSV says the same as JSON."""

import math
import subprocess
import sys
from typing import Any

import pytest
from tests.unit.metrics.as_json import score_cases

from syntrust_metrics.trust import InvalidScores, parse_csv


def make_case(case_id: Any = "a", **more: Any) -> dict[str, Any]:
    return {"id": case_id, "real": {"ET": 0.9}, "synthetic": {"ET": 0.8}, **more}


REFUSED: list[tuple[str, Any, str]] = [
    ("no cases", {"cases": []}, "/cases"),
    ("cases absent", {}, "/cases"),
    ("unknown field", {"cases": [make_case()], "polices": {}}, "/polices"),
    (
        "Dice above 1",
        {"cases": [make_case(), make_case("b", real={"ET": 1.01})]},
        "/cases/1/real/ET",
    ),
    ("Dice below 0", {"cases": [make_case(synthetic={"ET": -0.1})]}, "/cases/0/synthetic/ET"),
    ("Dice NaN", {"cases": [make_case(real={"ET": math.nan})]}, "/cases/0/real/ET"),
    ("Dice infinite", {"cases": [make_case(real={"ET": math.inf})]}, "/cases/0/real/ET"),
    ("Dice a text", {"cases": [make_case(real={"ET": "0.9"})]}, "/cases/0/real/ET"),
    ("Dice a truth value", {"cases": [make_case(real={"ET": True})]}, "/cases/0/real/ET"),
    (
        "region with a slash",
        {"cases": [make_case(real={"a/b~": 2}, synthetic={"a/b~": 1})]},
        "/cases/0/real/a~1b~0",
    ),
    ("repeated id", {"cases": [make_case(), make_case()]}, "/cases/1/id"),
    (
        "repeated id and seed",
        {"cases": [make_case(seed=3), make_case("b", seed=3), make_case(seed=3)]},
        "/cases/2/id",
    ),
    (
        "seeds with other ids",
        {"cases": [make_case(seed=0), make_case(seed=1), make_case("b", seed=0)]},
        "/cases/2",
    ),
    (
        "wandering group",
        {"cases": [make_case(group="x"), make_case(group="y", seed=1)]},
        "/cases/1/group",
    ),
    ("no twin", {"cases": [{"id": "a", "real": {"ET": 0.9}}]}, "/cases/0/synthetic"),
    ("no real side", {"cases": [{"id": "a", "synthetic": {"ET": 0.9}}]}, "/cases/0/real"),
    ("other regions", {"cases": [make_case(), make_case("b", real={"ED": 1})]}, "/cases/1/real"),
    (
        "other regions in a twin",
        {"cases": [make_case(synthetic={"ET": 1, "ED": 1})]},
        "/cases/0/synthetic",
    ),
    ("no regions", {"cases": [make_case(real={}, synthetic={})]}, "/cases/0/real"),
    (
        "contradictory null",
        {"cases": [make_case(), make_case("b", real={"ET": None})]},
        "/cases/1/real/ET",
    ),
    (
        "null contradicted by another seed",
        {"cases": [make_case(seed=0), make_case(seed=1, real={"ET": None}, synthetic={"ET": 0})]},
        "/cases/1/real/ET",
    ),
    ("case not an object", {"cases": [3]}, "/cases/0"),
    ("id of half a surrogate pair", {"cases": [make_case("\ud800")]}, "/cases/0/id"),
    ("empty id", {"cases": [make_case("")]}, "/cases/0/id"),
    ("negative seed", {"cases": [make_case(seed=-1)]}, "/cases/0/seed"),
    ("group a number", {"cases": [make_case(group=1)]}, "/cases/0/group"),
    ("group a list", {"cases": [make_case(), make_case("b", group=[])]}, "/cases/1/group"),
    ("seed of a thousand digits", {"cases": [make_case(seed=10**1000)]}, "/cases/0/seed"),
    ("seed a truth value", {"cases": [make_case(seed=True)]}, "/cases/0/seed"),
    ("Dice of 1e308", {"cases": [make_case(real={"ET": 1e308})]}, "/cases/0/real/ET"),
    (
        "Dice of a thousand digits",
        {"cases": [make_case(real={"ET": 10**1000})]},
        "/cases/0/real/ET",
    ),
    ("an id too long", {"cases": [make_case("x" * 201)]}, "/cases/0/id"),
    ("a region too long", {"cases": [make_case(real={"E" * 201: 1})]}, "/cases/0/real"),
    (
        "too many regions",
        {"cases": [make_case(real=(many := {f"r{i}": 1 for i in range(51)}), synthetic=many)]},
        "/cases/0/real",
    ),
    ("too many cases", {"cases": [make_case()] * 100_001}, "/cases"),
    (
        "too many groups",
        {"cases": [make_case(str(i), group=f"g{i}") for i in range(201)]},
        "/cases",
    ),
    ("too many seeds", {"cases": [make_case(seed=i) for i in range(1001)]}, "/cases"),
    (
        "seeds, regions and resamples beyond memory",
        {"cases": [make_case(seed=i) for i in range(101)], "policy": {"resamples": 20_000}},
        "/policy/resamples",
    ),
    (
        "cases and resamples beyond time",
        {"cases": [make_case(str(i)) for i in range(10_001)], "policy": {"resamples": 20_000}},
        "/policy/resamples",
    ),
    ("unknown case field", {"cases": [make_case(site="x")]}, "/cases/0/site"),
    ("unknown rule", {"cases": [make_case()], "policy": {"empty": "skip"}}, "/policy/empty"),
    ("ddof 2", {"cases": [make_case()], "policy": {"ddof": 2}}, "/policy/ddof"),
    (
        "confidence of a thousand digits",
        {"cases": [make_case()], "policy": {"confidence": 10**1000}},
        "/policy/confidence",
    ),
    ("confidence 95", {"cases": [make_case()], "policy": {"confidence": 95}}, "/policy/confidence"),
    (
        "too many resamples",
        {"cases": [make_case()], "policy": {"resamples": 10**9}},
        "/policy/resamples",
    ),
    ("margin 0", {"cases": [make_case()], "policy": {"margin": 0}}, "/policy/margin"),
    ("unknown policy", {"cases": [make_case()], "policy": {"ddoff": 1}}, "/policy/ddoff"),
]


@pytest.mark.parametrize(
    ("request_", "at"), [(r, at) for _, r, at in REFUSED], ids=[n for n, *_ in REFUSED]
)
def test_what_cannot_be_scored_is_refused_at_its_pointer(request_: Any, at: str) -> None:
    with pytest.raises(InvalidScores) as refusal:
        score_cases(request_)

    assert refusal.value.pointer == at
    assert refusal.value.detail.endswith(".")


def test_a_limit_that_is_passed_is_named() -> None:
    with pytest.raises(InvalidScores, match="at most 100000 cases; this one has 100001"):
        score_cases({"cases": [make_case()] * 100_001})


@pytest.mark.parametrize(
    "request_",
    [
        {"x" * 10**6: 1},
        {"cases": [{**make_case(), "x" * 10**6: 1}]},
        {"cases": [make_case("x" * 10**6)]},
        {"cases": [make_case(real={"x" * 10**6: 1})]},
        {"cases": [make_case()], "policy": {"x" * 10**6: 1}},
    ],
)
def test_megabytes_of_a_name_do_not_come_back(request_: Any) -> None:
    with pytest.raises(InvalidScores) as refusal:
        score_cases(request_)

    assert len(str(refusal.value)) < 1500


class Plain(dict[str, Any]):
    """A mapping that is no `dict` to a strict eye: each entry is then looked at by itself."""


def test_any_mapping_and_any_script_is_read_as_a_plain_one_is() -> None:
    plain = [make_case(f"c{i}", seed=seed, group="g") for i in range(3) for seed in (0, 1)]
    named = [Plain(case, id=case["id"].replace("c", "é")) for case in plain]

    expected = score_cases({"cases": plain})

    found = score_cases({"cases": [Plain(case) for case in plain]})
    assert found == expected
    assert score_cases({"cases": named})["factors"] == expected["factors"]


def test_the_answer_echoes_the_whole_policy() -> None:
    answer = score_cases({"cases": [make_case()], "policy": {"ddof": 1}})

    assert answer["policy"] == {
        "empty": "brats",
        "ddof": 1,
        "confidence": 0.95,
        "resamples": 2000,
        "seed": 0,
        "margin": 0.03,
    }


CSV = """case,set,region,dice,group,seed
a,real,ET,0.9,x,0
a,synthetic,ET,0.8,x,0
b,real,ET,,x,0
b,synthetic,ET,0,x,0
"""


def test_csv_says_the_same_as_json() -> None:
    expected = {
        "cases": [
            {"id": "a", "seed": 0, "group": "x", "real": {"ET": 0.9}, "synthetic": {"ET": 0.8}},
            {"id": "b", "seed": 0, "group": "x", "real": {"ET": None}, "synthetic": {"ET": 0.0}},
        ]
    }

    assert parse_csv(CSV) == expected
    assert parse_csv("\ufeff" + CSV.replace("\n", "\r\n")) == expected


def test_csv_needs_neither_group_nor_seed() -> None:
    request = parse_csv("region,case,dice,set\nET,a,1,real\nET,a,0.5,synthetic\n")

    assert request == {
        "cases": [{"id": "a", "seed": 0, "real": {"ET": 1.0}, "synthetic": {"ET": 0.5}}]
    }


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", "/lines/1"),
        ("case,set,region\n", "/lines/1"),
        ("case,set,region,dice,dice\n", "/lines/1"),
        ("case,set,region,dice\na,real,ET\n", "/lines/2"),
        ("case,set,region,dice\na,twin,ET,1\n", "/lines/2/set"),
        ("case,set,region,dice\n,real,ET,1\n", "/lines/2/case"),
        ("case,set,region,dice\na,real,ET,nan\n", "/lines/2/dice"),
        ("case,set,region,dice\na,real,ET,0,9\n", "/lines/2"),
        ("case,set,region,dice\na,real,ET,1\n\na,real,ET,1\n", "/lines/4/region"),
        ("case,set,region,dice,seed\na,real,ET,1,x\n", "/lines/2/seed"),
        ("case,set,region,dice,group\na,real,ET,1,x\na,synthetic,ET,1,y\n", "/lines/3/group"),
        ('case,set,region,dice\na,real,"ET,1\n', "/lines/2"),
    ],
)
def test_csv_is_refused_at_its_line(text: str, at: str) -> None:
    with pytest.raises(InvalidScores) as refusal:
        parse_csv(text)

    assert refusal.value.pointer == at


def test_a_csv_of_too_many_cases_is_refused_before_it_is_read_to_its_end() -> None:
    lines = "".join(f"{i},real,ET,1\n" for i in range(100_001))

    with pytest.raises(InvalidScores) as refusal:
        parse_csv("case,set,region,dice\n" + lines)

    assert refusal.value.pointer == "/lines/100002/case"
    assert "100000" in refusal.value.detail


def test_scoring_loads_no_heavy_library() -> None:
    heavy = "{'pydantic', 'matplotlib', 'nibabel', 'syntrust_core', 'torch', 'celery'}"
    code = (
        "import sys; import syntrust_metrics.trust; "
        f"print({heavy} & {{name.split('.')[0] for name in sys.modules}})"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"
