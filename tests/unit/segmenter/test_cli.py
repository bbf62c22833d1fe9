from __future__ import annotations

from pathlib import Path

import pytest

from syntrust_segmenter.cli import main


def test_a_model_is_exported_by_command(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export", str(trained), str(tmp_path / "bundle")])

    assert (tmp_path / "bundle" / "configs" / "inference.json").is_file()
    assert "monai.bundle run" in capsys.readouterr().out


def test_a_refusal_is_one_sentence_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["import", str(tmp_path / "none.pt"), str(tmp_path / "start")])

    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: none.pt: there is no such file.\n"
