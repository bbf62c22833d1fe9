"""A folder with the files that the guide's commands name, and shells that run them there."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import nibabel
import numpy as np
from tests.pinned import PINNED

PATIENCE_S: Final = 600
SUMMARY: Final = {"1": "NCR", "2": "ED", "3": "ET"}
STUDY: Final[dict[str, Any]] = {
    "study": 1,
    "name": "of-the-guide",
    "title": "A study of the guide",
    "dataset": {"kind": "phantoms", "seed": 4},
    "split": {"train": 2, "validation": 0, "test": 2, "seed": None},
    "generator": {"steps": 2},
    "segmenter": {"iterations": 2},
    "experiments": [{"name": "mixes", "alphas": [0, 1], "seeds": [0]}],
    "cost": {"steps": 21, "device_hours": None, "basis": "of no interest"},
}
TWO_MODALITIES: Final = ("flair", "t1ce", "seg")


class Ended(NamedTuple):
    code: int
    said: str


def furnish(folder: Path, cohort: Sequence[Path]) -> None:
    """Put files under the names that the guide uses, made of phantom cases."""
    shutil.copytree(cohort[0].parent, folder / "cases")
    shutil.copytree(cohort[0], folder / "CASES" / cohort[0].name)
    for name in ("CASE", "p1"):
        shutil.copytree(cohort[0], folder / name)
    short = folder / "brats2013_pat0001_two_modalities"
    short.mkdir()
    for role in TWO_MODALITIES:
        shutil.copy(cohort[0] / f"{role}.nii.gz", short)
    for role in ("seg", "brain"):
        shutil.copy(cohort[0] / f"{role}.nii.gz", folder)
    _write_mask_with_brain(folder)
    _write_scores(folder)
    (folder / "study.json").write_text(json.dumps(STUDY))


def _write_mask_with_brain(folder: Path) -> None:
    nifti: Any = nibabel
    mask, brain = (nifti.load(folder / f"{name}.nii.gz") for name in ("seg", "brain"))
    labels = np.asarray(mask.dataobj)
    whole = np.where((labels == 0) & (np.asarray(brain.dataobj) > 0), 4, labels)
    image = nifti.Nifti1Image(whole.astype(np.uint8), mask.affine)
    image.header.set_xyzt_units("mm")
    nifti.save(image, folder / "mask_with_brain.nii.gz")


def _write_scores(folder: Path) -> None:
    draw = np.random.default_rng(1).uniform(0.6, 0.95, (12, 2, 3)).round(3)
    lines = ["case,set,region,dice"]
    for number, case in enumerate(draw):
        for which, row in zip(("real", "synthetic"), case, strict=True):
            lines += [
                f"c{number},{which},{r},{d}" for r, d in zip(SUMMARY.values(), row, strict=True)
            ]
    (folder / "dice.csv").write_text("\n".join(lines) + "\n")
    for index, which in enumerate(("real", "synthetic")):
        cases = [
            {
                "prediction_file": f"{which}/c{number}.nii.gz",
                "reference_file": f"labelsTs/c{number}.nii.gz",
                "metrics": {
                    label: {"Dice": float(case[index][at]), "n_ref": 10, "n_pred": 10}
                    for at, label in enumerate(SUMMARY)
                },
            }
            for number, case in enumerate(draw)
        ]
        (folder / which).mkdir()
        (folder / which / "summary.json").write_text(json.dumps({"metric_per_case": cases}))


def in_a_pipe(line: str, folder: Path, env: dict[str, str]) -> Ended:
    """Run a line of shell whose output goes to a program."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("utf-8"))


def in_a_terminal(line: str, folder: Path, env: dict[str, str]) -> Ended:
    """Run a line of shell in a terminal of 80 columns that knows latin-1 and wants no colours."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {**env, "TERM": "xterm", "NO_COLOR": "1", "PYTHONIOENCODING": "latin-1"}
    with subprocess.Popen(
        ["bash", "-c", line], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = _read(ours)
    os.close(ours)
    return Ended(process.returncode, said.decode("latin-1"))


def _read(terminal: int) -> bytes:
    """Read until the last process has closed the other end."""
    said = b""
    while True:
        try:
            said += os.read(terminal, 65536)
        except OSError as gone:
            if gone.errno != errno.EIO:
                raise
            return said


def environment(url: str, key_file: Path) -> dict[str, str]:
    """What the README exports, and the key that curl sends."""
    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return {
        **kept,
        **PINNED,
        "SYNTRUST_URL": url,
        "SYNTRUST_KEY_FILE": str(key_file),
        "SYNTRUST_KEY": str(json.loads(key_file.read_text())["admin_key"]),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
