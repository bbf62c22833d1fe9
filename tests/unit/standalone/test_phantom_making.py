from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from syntrust_core.errors import InvalidRequest
from syntrust_standalone.runs.phantom_dataset import PhantomMaking


def test_phantoms_are_made_beside_other_work_and_found_again(tmp_path: Path) -> None:
    making = PhantomMaking(tmp_path, seed=5, count=1)

    (case,) = making.wait(Console(quiet=True))

    assert {path.name for path in case.iterdir()} >= {"t1.nii.gz", "seg.nii.gz"}
    made = case.stat().st_mtime_ns
    assert PhantomMaking(tmp_path, seed=5, count=1).wait(Console(quiet=True)) == [case]
    assert case.stat().st_mtime_ns == made


def test_what_is_wrong_with_a_cohort_is_said_when_it_is_waited_for(tmp_path: Path) -> None:
    making = PhantomMaking(tmp_path, seed=5, count=0)

    with pytest.raises(InvalidRequest, match="at least one case"):
        making.wait(Console(quiet=True))
