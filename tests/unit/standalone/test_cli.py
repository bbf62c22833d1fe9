"""What `syntrust-standalone` refuses, and how."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from syntrust_standalone.cli import main
from syntrust_standalone.phantoms import PhantomOptions, make_cohort

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["syntrust-standalone", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ("64x64", "write three numbers, such as 240x240x155"),
        ("64x64x-1", "write three numbers, such as 240x240x155"),
        ("8x64x64", "each axis needs 32 to 320 voxels"),
    ],
)
def test_a_grid_that_no_phantom_fits_is_refused_in_one_sentence(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, why: str
) -> None:
    assert run("phantom", "make", str(tmp_path / "cohort"), "--shape", shape) == 1
    assert why in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "cohort").exists()


def test_the_demo_preset_makes_the_cases_of_the_demo(run: Run, tmp_path: Path) -> None:
    assert run("phantom", "make", str(tmp_path / "made"), "--preset", "demo", "--count", "1") == 0
    make_cohort(tmp_path / "expected", seed=0, count=1, options=PhantomOptions.demo())

    seg = "phantom-0-0000/seg.nii.gz"
    assert (tmp_path / "made" / seg).read_bytes() == (tmp_path / "expected" / seg).read_bytes()


def test_wrong_usage_ends_with_2(run: Run) -> None:
    assert run("up", "--port", "70000") == 2
    assert run("phantom", "make") == 2


def test_a_path_in_an_error_is_not_read_as_markup(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "[red]data"
    folder.mkdir()
    (folder / "credentials.json").write_text("{")

    assert run("up", "--allow-local-users", "--data", str(folder), "--port", "0") == 1
    assert "[red]data" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up --allow-local-users --port 0 --data", "phantom make"])
@pytest.mark.parametrize("below", ["", "below"], ids=["file", "below a file"])
def test_a_file_where_a_folder_should_be_is_refused_in_one_sentence(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, below: str
) -> None:
    file = tmp_path / "passwd"
    file.write_text("root")

    assert run(*command.split(), str(file / below)) == 1

    said = capsys.readouterr().err
    assert f"{file} is a file" in said
    assert (said.count("\n"), file.read_text()) == (1, "root")


def test_the_demo_refuses_a_file_where_its_folder_should_be(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()

    assert run("demo", "--data", str(file)) == 1
    assert f"{file} is a file" in capsys.readouterr().err
