"""Checkpoints that were damaged or made by others: each is read, or refused with a sentence.

A child process reads them, because its memory is measured too.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

GIB: Final = 1 << 30
READER = """
import json, resource, sys
from pathlib import Path
from tests.fuzz.test_checkpoints import read_all
json.dump({"wrong": read_all(Path(sys.argv[1])),
           "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}, sys.stdout)
"""


def make_originals() -> dict[str, bytes]:
    """Make small checkpoints of both layouts, in both formats of torch."""
    import torch

    from syntrust_generator.diffusion.schedule import cosine_schedule

    tables = {"step": 7, "ema": {**cosine_schedule(4).tables(), "denoise_fn.x": torch.zeros(3)}}
    encoder = {"epoch": 3, "state_dict": {"module.patch_embed.proj.weight": torch.zeros(4, 1, 2)}}
    made = {}
    for name, content in (("med_ddpm", tables), ("encoder", encoder)):
        for zipped in (True, False):
            stream = io.BytesIO()
            torch.save(content, stream, _use_new_zipfile_serialization=zipped)
            made[f"{name}-{'zip' if zipped else 'old'}"] = stream.getvalue()
    return made


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Change one to eight places: a bit, a run of bytes, a part left out, repeated or cut off."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(max(1, len(changed)))
        length = chance.randint(1, 64)
        kind = chance.choice(("bit", "bytes", "leave out", "repeat", "cut"))
        if kind == "bit" and changed:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == "bytes":
            changed[at : at + length] = chance.randbytes(length)
        elif kind == "leave out":
            del changed[at : at + length]
        elif kind == "repeat":
            changed[at:at] = changed[at : at + length]
        elif chance.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def read_all(folder: Path) -> list[str]:
    """Import every file of a folder; what went otherwise than with a sentence on that file."""
    from syntrust_core.errors import CallerError
    from syntrust_core.segmenter_presets import configure
    from syntrust_generator.checkpoints.med_ddpm import import_med_ddpm
    from syntrust_segmenter.models.start_weights import import_checkpoint

    config = configure("tiny", {"patch": 32, "roi": 32, "norm": "group"})
    wrong = []
    for path in sorted(folder.glob("*.pt")):
        try:
            if path.name.startswith("med_ddpm"):
                import_med_ddpm(path, folder / "out", name="x")
            else:
                import_checkpoint(path, folder / "out", layout="encoder", config=config)
        except CallerError as refusal:
            if not refusal.detail:
                wrong.append(f"{path.name}: refused without a word")
        except BaseException as error:  # noqa: BLE001 - the very thing that must not be
            wrong.append(f"{path.name}: {type(error).__name__}: {error}")
    return wrong


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=pytest.mark.long)])
def test_a_mutated_checkpoint_is_read_or_refused_with_a_sentence_in_little_memory(
    tmp_path: Path, count: int
) -> None:
    chance = random.Random(0)
    for name, data in make_originals().items():
        for index in range(count):
            (tmp_path / f"{name}-{index}.pt").write_bytes(mutate(data, chance))

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READER, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )

    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["peak_bytes"] < 2 * GIB
