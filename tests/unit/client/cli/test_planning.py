"""`syntrust power` and `syntrust compare`: what is asked, and what a reader sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., int]

REGION: dict[str, Any] = {
    "power": 0.926,
    "detectable": 0.0241,
    "cases_needed": 66,
    "seeds_needed": None,
    "reason": "the spread of training seeds is unknown",
}
POWER: dict[str, Any] = {
    "question": "non_inferiority",
    "cases": 100,
    "seeds": 3,
    "margin": 0.03,
    "target_power": 0.8,
    "spread": {"detail": "Measured on a pilot."},
    "regions": {"ET": REGION, "ED": REGION | {"power": 0.5, "detectable": None}},
    "overall": REGION,
    "every_region": {"power_at_least": 0.42},
    "curve": [{"cases": 50, "regions": {"ET": {"power": 0.6}, "ED": {"power": 0.25}}}],
    "warnings": [{"code": "few_seeds", "detail": "Too few seeds."}],
}


@pytest.fixture
def asked(server: Any, answer: Any, run: Run) -> Callable[..., Any]:
    """Type `power` with these options; the body that was sent."""
    server.on("POST /power", answer(200, POWER))

    def type_it(*options: str) -> Any:
        assert run("power", "--cases", "100", *options) == 0
        return server.to("POST /power")[-1].json()

    return type_it


def test_without_a_source_the_published_spread_is_asked_for(asked: Callable[..., Any]) -> None:
    assert asked() == {
        "cases": 100,
        "seeds": 3,
        "question": "non_inferiority",
        "spread": {"kind": "published"},
    }


def test_every_option_is_sent(asked: Callable[..., Any]) -> None:
    body = asked(
        *("--seeds", "5", "--question", "equivalence", "--margin", "0.05", "--level", "0.025"),
        *("--power", "0.9", "--difference", "-0.01", "--curve", "50,100"),
        *("--experiment", "e1", "--alpha", "0.5"),
    )

    assert body == {
        "cases": 100,
        "seeds": 5,
        "question": "equivalence",
        "margin": 0.05,
        "level": 0.025,
        "power": 0.9,
        "difference": -0.01,
        "curve": [50, 100],
        "spread": {"kind": "experiment", "id": "e1", "alpha": 0.5},
    }


@pytest.mark.parametrize(
    "content",
    ["case,set,region,dice\na,real,ET,0.9\n", "case\tset\tregion\tdice\na\treal\tET\t0.9\n"],
)
def test_a_table_is_sent_line_by_line_without_tabs(
    asked: Callable[..., Any], tmp_path: Path, content: str
) -> None:
    file = tmp_path / "dice.csv"
    file.write_text(content, encoding="utf-8")

    spread = asked("--pilot", str(file), "--real-alone", str(file))["spread"]

    sign = ";" if "\t" in content else ","
    lines = [sign.join(("case", "set", "region", "dice")), sign.join(("a", "real", "ET", "0.9"))]
    assert spread == {"kind": "pilot", "cases": lines, "real_alone": lines}


def test_cases_of_a_json_file_are_sent_as_they_are(
    asked: Callable[..., Any], tmp_path: Path
) -> None:
    cases = [{"id": "a", "real": {"ET": None}, "synthetic": {"ET": 0}}]
    file = tmp_path / "dice.json"
    file.write_text(json.dumps({"cases": cases}), encoding="utf-8")

    assert asked("--pilot", str(file))["spread"] == {"kind": "pilot", "cases": cases}


@pytest.mark.parametrize(
    "options",
    [
        ("--alpha", "0.5"),
        ("--experiment", "e1", "--correlation", "0.5"),
        ("--experiment", "e1", "--pilot", __file__),
        ("--question", "superiority"),
    ],
)
def test_options_of_different_sources_are_not_taken_together(
    run: Run, options: tuple[str, ...]
) -> None:
    assert run("power", "--cases", "100", *options) == 2


def test_a_table_of_real_data_alone_is_refused_alone(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("power", "--cases", "100", "--real-alone", __file__) == 1
    assert "give the table of a share as --pilot too" in capsys.readouterr().err


def test_a_reader_sees_power_numbers_needed_and_the_curve_of_the_weakest_region(
    asked: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    asked()

    shown = capsys.readouterr().out
    assert "ET\t93%\t0.024 Dice\t66\tunknown\tthe spread of training seeds is unknown" in shown
    assert "ED\t50%\tnone\t66" in shown
    assert "Every region at once: at least 42%." in shown
    assert "lowest region (ED)" in shown
    assert "     50   25%  #####..............." in shown
    assert "note: Too few seeds." in shown


@pytest.mark.parametrize("named", ["real of patients", "reference of phantoms"])
def test_a_comparison_tells_settings_factors_and_differences(
    named: str, server: Any, answer: Any, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    real, origin = named.split(" of ")
    of = {"origin": origin}
    both = {"real": value(0.6), "synthetic": value(0.7)}
    regions = {"ET": value(0.9)}
    sides = {"real": regions, "synthetic": regions}
    factors = {"t1": both, "t2": both, "t3": regions, "t4": regions, "t5": sides}
    none = {"regions": None, "overall": None, "cases": None, "seeds": None}
    found = {"regions": {"ET": value(-0.02, -0.03, -0.01)}, "overall": value(-0.01, -0.02, 0.0)}
    arms = [{"factors": factors, "reason": None}, {"factors": None, "reason": "No such α."}]
    body = {
        "experiments": [
            {"id": "e1", "name": "first", "test_cases": 12, "partial": False} | of,
            {"id": "e2", "name": None, "test_cases": 12, "partial": True} | of,
        ],
        "settings": [
            {"setting": "/seeds", "values": [[0], [0, 1]]},
            {"setting": "/generator/model/kind", "values": ["imported_model", "import_model"]},
        ],
        "alphas": [{"alpha": 0.5, "experiments": arms}],
        "differences": [
            {
                "experiment": "e2",
                "minus": "e1",
                "alpha": 0.5,
                "real": found | {"reason": None},
                "synthetic": none | {"reason": "Other twins."},
            }
        ],
    }
    server.on("POST /comparisons", answer(200, body))

    assert run("compare", "e1", "e2") == 0

    assert server.to("POST /comparisons")[0].json() == {"experiments": ["e1", "e2"]}
    shown = capsys.readouterr().out
    assert "1: e1 first, 12 test cases" in shown
    assert "2: e2, 12 test cases, partial" in shown
    assert "/seeds\t[0]\t[0, 1]" in shown
    assert "/generator/model/kind\tshipped with the generator\timported" in shown
    assert "experiment 2: No such α." in shown
    assert "T1 mean Dice" in shown
    assert f"2\t0.5\t{real}\tET\t-0.020 [-0.030, -0.010]" in shown
    assert "2\t0.5\tsynthetic\t\t\tOther twins." in shown


def value(number: float, *ci: float) -> dict[str, Any]:
    return {"value": number, "ci": list(ci) or None, "scope": None, "reason": None}
