from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_segmenter.cli import main


def test_a_model_is_exported_by_command(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["export", str(trained), str(tmp_path / "bundle")])

    assert code == 0
    assert (tmp_path / "bundle" / "configs" / "inference.json").is_file()
    assert "monai.bundle run" in capsys.readouterr().out


def test_a_refusal_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["import", str(tmp_path / "none.pt"), str(tmp_path / "start")])

    assert code == 2
    assert capsys.readouterr().err == "none.pt: there is no such file.\n"
