"""Checkpoints in the layout that Med-DDPM released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.generator.diffusion.test_golden import det_parameter
from torch import Tensor
from typer.testing import CliRunner

from syntrust_core.errors import CallerError
from syntrust_generator.checkpoints.med_ddpm import import_med_ddpm
from syntrust_generator.checkpoints.store import load_model
from syntrust_generator.cli import app
from syntrust_generator.diffusion.schedule import cosine_schedule

DATA = Path(__file__).parents[3] / "data"
Entries = dict[str, Tensor]


def entries_of(layout_file: str) -> Entries:
    """All entries of a released file, with parameters of our own."""
    layout: dict[str, Any] = json.loads((DATA / layout_file).read_text("utf-8"))
    entries: Entries = dict(cosine_schedule(250).tables())
    for entry in layout["state_dict"]:
        if entry["key"].startswith("denoise_fn."):
            key, shape = entry["key"], tuple(entry["shape"])
            values = det_parameter(key.removeprefix("denoise_fn."), shape, 1)
            entries[key] = torch.from_numpy(values)
    assert len(entries) == layout["n_keys"]
    return entries


@pytest.fixture(scope="session")
def released() -> Entries:
    return entries_of("med_ddpm_state_dict.json")


def saved(entries: Entries, path: Path) -> Path:
    torch.save({"step": 7, "ema": entries}, path)
    return path


@pytest.mark.slow
def test_the_released_layout_becomes_a_model_that_names_its_domain(
    released: Entries, tmp_path: Path
) -> None:
    checkpoint = saved(released, tmp_path / "model_brats.pt")

    result = CliRunner().invoke(app, ["import", str(checkpoint), str(tmp_path / "model")])

    assert result.exit_code == 0, result.output
    model = load_model(tmp_path / "model")
    card = model.card
    assert (card.parameters, len(card.seen)) == (57_562_564, 193)
    assert (card.variant, len(released)) == ("brats", 351)
    assert (model.domain.shape, model.domain.spacing_mm) == ((192, 192, 144), (1, 1, 1))
    assert (model.domain.intensity, model.domain.fit) == ("min-max", "crop")
    assert (card.default.sampler, card.default.steps) == ("ancestral", 250)
    weights = model.network.state_dict()
    assert all(
        torch.equal(weights[key.removeprefix("denoise_fn.")], value)
        for key, value in released.items()
        if key.startswith("denoise_fn.")
    )


@pytest.mark.slow
def test_the_whole_head_model_is_a_variant_of_its_own_that_draws_no_twins(tmp_path: Path) -> None:
    entries = entries_of("med_ddpm_wholehead_state_dict.json")
    checkpoint = saved(entries, tmp_path / "model_128.pt")

    import_med_ddpm(checkpoint, tmp_path / "model", name="med-ddpm-head")

    model = load_model(tmp_path / "model")
    assert (model.card.variant, model.card.parameters) == ("whole-head", 40_226_433)
    assert (model.card.domain.shape, model.card.seen) == ((128, 128, 128), ())
    assert model.network.architecture.attention_factors == (8,)
    with pytest.raises(CallerError, match=r"med-ddpm-head is .* whole-head .* a twin has four"):
        _ = model.domain


def changed(released: Entries, **changes: Tensor | None) -> Entries:
    """`released` with entries replaced, or left out; `/` in a name stands for a dot."""
    entries = {**released}
    for name, value in changes.items():
        key = name.replace("/", ".")
        entries.pop(key, None)
        if value is not None:
            entries[key] = value
    return entries


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"denoise_fn/out/2/bias": None}, "parameter out.2.bias is missing"),
        ({"denoise_fn/out/2/bias": torch.zeros(5)}, r"parameter out.2.bias is torch.float32 \(5,"),
        ({"denoise_fn/out/2/bias": torch.zeros(4).half()}, "out.2.bias is torch.float16"),
        ({"denoise_fn/out/2/bias": torch.full((4,), torch.nan)}, "out.2.bias holds NaN"),
        ({"denoise_fn/out/9/bias": torch.zeros(4)}, "out.9.bias is not in the network"),
        ({"betas": None}, "table betas is missing"),
        ({"betas": torch.linspace(1e-4, 0.02, 250)}, "table betas is not that of a cosine"),
        ({"alphas_cumprod_prev": None}, "table alphas_cumprod_prev is missing"),
        ({"loss_scale": torch.ones(1)}, "loss_scale is not part of Med-DDPM"),
        ({"betas": torch.zeros(1).expand(1 << 40)}, "betas claims the shape"),
        ({"betas": torch.zeros(4).to_sparse()}, "betas claims the shape"),
        ({"betas": torch.zeros(4, device="meta")}, "betas claims the shape"),
        ({"betas": torch.zeros(10_001)}, "at most 10000 are read"),
    ],
)
def test_the_first_entry_that_differs_is_named_and_nothing_is_written(
    released: Entries, tmp_path: Path, change: dict[str, Tensor | None], named: str
) -> None:
    checkpoint = saved(changed(released, **change), tmp_path / "model.pt")

    with pytest.raises(CallerError, match=named):
        import_med_ddpm(checkpoint, tmp_path / "model", name="x")
    assert not (tmp_path / "model").exists()


class Bomb:
    """Leaves a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._target,)


def test_a_checkpoint_that_would_run_code_is_refused_without_running_it(tmp_path: Path) -> None:
    torch.save({"ema": Bomb(tmp_path / "ran")}, tmp_path / "model.pt")

    with pytest.raises(CallerError, match="an object of Python and not a tensor"):
        import_med_ddpm(tmp_path / "model.pt", tmp_path / "model", name="x")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.pt").write_bytes(content)

    with pytest.raises(CallerError, match=r"model.pt: it is .* Expected a checkpoint of tensors"):
        import_med_ddpm(tmp_path / "model.pt", tmp_path / "model", name="x")


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_torch_are_read_with_numbers_of_numpy_beside_the_weights(
    tmp_path: Path, *, zipped: bool
) -> None:
    content = {"ema": cosine_schedule(4).tables(), "best_acc": np.float32(0.5)}
    torch.save(content, tmp_path / "model.pt", _use_new_zipfile_serialization=zipped)

    with pytest.raises(CallerError, match=r"parameter .* is missing"):  # it was read this far
        import_med_ddpm(tmp_path / "model.pt", tmp_path / "model", name="x")


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="no such file"):
        import_med_ddpm(tmp_path / "model.pt", tmp_path / "model", name="x")
