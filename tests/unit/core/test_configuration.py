"""What a process refuses in its environment, and how it says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
from pydantic import BaseModel, Field, SecretStr

from syntrust_core.configuration import EXIT_CODE, Environment, read_at_start, read_settings
from syntrust_core.errors import InvalidConfiguration


class Oven(BaseModel):
    degrees: Annotated[int, Field(ge=0)]
    key: SecretStr | None = None
    url: Annotated[str, Field(repr=False)] = "http://oven"
    rows: tuple[int, ...] = ()


class Kitchen(Environment):
    oven: Oven
    light: str = "on"


class Cellar(Environment):
    also_known: ClassVar[tuple[type[Environment], ...]] = (Kitchen,)

    gateway: Oven


@pytest.fixture(autouse=True)
def _set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SYNTRUST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SYNTRUST_OVEN__DEGREES", "180")


def refused() -> str:
    with pytest.raises(InvalidConfiguration) as error:
        read_settings(Kitchen)
    return error.value.detail


def test_settings_are_read_from_variables_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTRUST_OVEN__ROWS", "[1, 2]")
    monkeypatch.setenv("syntrust_light", "off")

    kitchen = read_settings(Kitchen)

    assert (kitchen.oven.degrees, kitchen.oven.rows, kitchen.light) == (180, (1, 2), "off")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("SYNTRUST_OVEN__DEGREE", "SYNTRUST_OVEN__DEGREES"),
        ("SYNTRUST_OVEN_DEGREES", "SYNTRUST_OVEN__DEGREES"),
        ("SYNTRUST_LIHGT", "SYNTRUST_LIGHT"),
        ("SYNTRUST_OVEN__KEYFILE", "SYNTRUST_OVEN__KEY_FILE"),
        ("syntrust_lights", "SYNTRUST_LIGHT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_right_name(
    wrong: str, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(wrong, "1")

    assert refused() == (f"There is no setting of this name: {wrong.upper()}, nearest is {right}.")


def test_a_start_with_an_unknown_variable_ends_with_one_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTRUST_LIHGT", "1")

    with pytest.raises(SystemExit) as ended:
        read_at_start(Kitchen)

    assert ended.value.code == EXIT_CODE == 78
    assert capsys.readouterr().err.splitlines() == [
        "There is no setting of this name: SYNTRUST_LIHGT, nearest is SYNTRUST_LIGHT."
    ]


@pytest.mark.parametrize("name", ["URL", "KEY", "KEY_FILE"])
def test_the_variables_of_the_client_are_left_to_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SYNTRUST_{name}", "x")

    assert read_settings(Kitchen).light == "on"


def test_settings_of_another_service_are_left_to_it_and_its_mistyped_name_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYNTRUST_GENERATOR__ANYTHING", "x")
    assert read_settings(Kitchen).light == "on"

    monkeypatch.setenv("SYNTRUST_GENRATOR__PRECISION", "x")
    assert "SYNTRUST_GENRATOR__PRECISION" in refused()


def test_a_command_that_needs_a_part_accepts_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTRUST_GATEWAY__DEGREES", "5")

    assert read_settings(Cellar).gateway.degrees == 5


def test_what_is_missing_or_wrong_is_named_by_its_variable_and_never_by_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYNTRUST_OVEN__DEGREES", "-7654")
    assert refused() == (
        "The settings cannot be used: "
        "SYNTRUST_OVEN__DEGREES: Input should be greater than or equal to 0."
    )
    monkeypatch.setenv("SYNTRUST_OVEN__DEGREES", "")
    monkeypatch.setenv("SYNTRUST_OVEN__ROWS", '["a"]')
    assert "missing SYNTRUST_OVEN__DEGREES; SYNTRUST_OVEN__ROWS: " in refused()
    monkeypatch.setenv("SYNTRUST_OVEN__ROWS", "no json")
    assert "oven" in refused()


def test_a_group_of_which_nothing_is_set_is_missing_by_its_required_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SYNTRUST_OVEN__DEGREES")

    assert refused() == "The settings cannot be used: missing SYNTRUST_OVEN__DEGREES."


def test_a_secret_is_read_from_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("key", "url"):
        (tmp_path / name).write_text(f"the {name}\n")
        monkeypatch.setenv(f"SYNTRUST_OVEN__{name.upper()}_FILE", str(tmp_path / name))

    oven = read_settings(Kitchen).oven

    assert oven.key is not None
    assert (oven.key.get_secret_value(), oven.url) == ("the key", "the url")
    assert oven.degrees == 180


def test_a_secret_given_twice_or_in_no_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTRUST_OVEN__KEY_FILE", str(tmp_path / "none"))
    assert refused() == (
        "SYNTRUST_OVEN__KEY_FILE names a file that cannot be read: No such file or directory."
    )
    monkeypatch.setenv("SYNTRUST_OVEN__KEY", "x")
    assert refused() == "Set SYNTRUST_OVEN__KEY or SYNTRUST_OVEN__KEY_FILE, not both."


def test_only_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTRUST_OVEN__DEGREES_FILE", "/x")

    assert "nearest is SYNTRUST_OVEN__DEGREES." in refused()
