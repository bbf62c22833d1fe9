"""What a phantom cohort promises: the same bytes, whatever else is made, and the right shares."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from scipy import ndimage

from syntrust_core.errors import Conflict, InvalidRequest
from syntrust_standalone.phantoms import (
    Enhancement,
    PhantomOptions,
    case_kind,
    make_case,
    make_cohort,
    make_labels,
)
from syntrust_standalone.phantoms.montage import draw_montage

pytestmark = pytest.mark.slow  # templates are loaded, and cases made, for half a minute

OPTIONS = PhantomOptions(shape=(40, 40, 40), spacing_mm=(5.0, 5.0, 5.0))
DIGEST_PROGRAM = """
import hashlib, sys
from syntrust_standalone.phantoms import PhantomOptions, make_case
case = make_case(9, 3, PhantomOptions.demo())
sys.stdout.write(hashlib.sha256(case.images.tobytes() + case.labels.tobytes()).hexdigest())
"""


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*.nii.gz"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    make_cohort(tmp_path / "a", seed=4, count=2, options=OPTIONS)
    make_cohort(tmp_path / "b", seed=4, count=2, options=OPTIONS)

    assert len(contents(tmp_path / "a")) == 2 * 6
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_case_does_not_depend_on_which_others_are_made(tmp_path: Path) -> None:
    make_cohort(tmp_path / "all", seed=4, count=3, options=OPTIONS)
    (alone,) = make_cohort(tmp_path / "one", seed=4, count=1, start=2, options=OPTIONS)

    assert alone.name == "phantom-4-0002"
    assert contents(alone) == contents(tmp_path / "all" / alone.name)


@pytest.mark.numeric
def test_a_case_is_the_same_in_another_process_with_other_threads() -> None:
    case = make_case(9, 3, PhantomOptions.demo())
    here = hashlib.sha256(case.images.tobytes() + case.labels.tobytes()).hexdigest()

    there = subprocess.run(
        [sys.executable, "-c", DIGEST_PROGRAM],
        env={**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    assert here == there


def test_another_seed_or_index_is_another_patient() -> None:
    brains = [make_labels(seed, index, OPTIONS)[1] for seed, index in ((4, 0), (4, 1), (5, 0))]

    assert not np.array_equal(brains[0], brains[1])
    assert not np.array_equal(brains[0], brains[2])


def test_a_second_run_makes_only_what_is_missing(tmp_path: Path) -> None:
    make_cohort(tmp_path, seed=4, count=1, options=OPTIONS)
    before = (tmp_path / "phantom-4-0000" / "t1.nii.gz").stat().st_mtime_ns
    told: list[tuple[str, int, int]] = []

    folders = make_cohort(
        tmp_path, seed=4, count=2, options=OPTIONS, on_case=lambda *a: told.append(a)
    )

    assert (tmp_path / "phantom-4-0000" / "t1.nii.gz").stat().st_mtime_ns == before
    assert [folder.name for folder in folders] == ["phantom-4-0000", "phantom-4-0001"]
    assert told == [("phantom-4-0000", 1, 2), ("phantom-4-0001", 2, 2)]


def test_a_stopped_run_leaves_complete_cases_and_goes_on(tmp_path: Path) -> None:
    def stop(case_id: str, done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_cohort(tmp_path, seed=4, count=2, options=OPTIONS, on_case=stop)
    assert [path.name for path in sorted(tmp_path.glob("phantom-*"))] == ["phantom-4-0000"]

    make_cohort(tmp_path, seed=4, count=2, options=OPTIONS)

    assert len(contents(tmp_path)) == 2 * 6


def test_cohorts_of_one_seed_and_other_options_are_never_mixed(tmp_path: Path) -> None:
    make_cohort(tmp_path, seed=4, count=1, options=OPTIONS)

    with pytest.raises(Conflict, match="other options"):
        make_cohort(tmp_path, seed=4, count=1, options=PhantomOptions.demo())


def test_an_empty_cohort_or_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="at least one"):
        make_cohort(tmp_path, seed=4, count=0, options=OPTIONS)
    with pytest.raises(InvalidRequest, match="negative"):
        make_cohort(tmp_path, seed=-1, count=1, options=OPTIONS)


@pytest.mark.parametrize("seed", [0, 1, 7, 2023, 2**31])
@pytest.mark.parametrize("count", [16, 28, 100])
def test_every_run_of_cases_holds_the_shares_it_was_asked_for(seed: int, count: int) -> None:
    options = PhantomOptions()

    kinds = [case_kind(seed, index, options) for index in range(count)]

    absent = sum(kind.enhancement is Enhancement.ABSENT for kind in kinds)
    tiny = sum(kind.enhancement is Enhancement.TINY for kind in kinds)
    several = sum(kind.parts > 1 for kind in kinds)
    assert absent >= 0.25 * count
    assert absent == pytest.approx(0.30 * count, abs=2)
    assert tiny == pytest.approx(0.10 * count, abs=2)
    assert several == pytest.approx(0.25 * count, abs=2)


def test_a_multifocal_case_has_several_cores() -> None:
    options = PhantomOptions(shape=(64, 64, 64), fraction_multifocal=1.0, fraction_without_et=1.0,
                             fraction_tiny_et=0.0)  # fmt: skip

    parts = []
    for index in range(5):
        labels, _ = make_labels(6, index, options)
        parts.append(ndimage.label(labels == 1, structure=np.ones((3, 3, 3)))[1])

    assert np.median(parts) >= 2


def test_a_montage_is_a_png_with_a_row_per_case(tmp_path: Path) -> None:
    cases = [make_case(4, index, OPTIONS) for index in range(2)]

    draw_montage(cases, tmp_path / "two.png", dpi=50)
    draw_montage(cases[:1], tmp_path / "one.png", dpi=50)

    tall, short = (imread(tmp_path / name) for name in ("two.png", "one.png"))
    assert tall.shape[1] == short.shape[1]
    assert tall.shape[0] > 1.8 * short.shape[0]
    assert tall.std() > 0.1
