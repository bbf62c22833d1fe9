from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.networks.nets.swin_unetr import SwinUNETR
from torch import Tensor

from syntrust_core.contracts.base import Manifest
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.errors import InvalidRequest, ObjectDamaged
from syntrust_core.segmenter_presets import SegmenterConfig, configure
from syntrust_core.testing.doubles import MemoryStore
from syntrust_segmenter.models.publish import publish_model
from syntrust_segmenter.models.start_weights import StartCard, import_checkpoint
from syntrust_segmenter.models.store import read_start
from syntrust_segmenter.network.swin_unetr import build_network

pytestmark = pytest.mark.numeric

SMALL = {"patch": 32, "roi": 32, "norm": "group", "head": "regions"}
CONFIG = configure("tiny", SMALL)
LABELS = configure("tiny", {**SMALL, "head": "labels"})
RELEASED = ("flair", "t1ce", "t1", "t2")


def _theirs(seed: int = 7, *, inputs: int = 4) -> SwinUNETR:
    """A network as the released checkpoints' training script builds it, in our test size."""
    torch.manual_seed(seed)
    return SwinUNETR(
        in_channels=inputs,
        out_channels=3,
        feature_size=12,
        depths=(1, 1, 1, 1),
        num_heads=(1, 2, 4, 8),
        window_size=4,
        norm_name=("group", {"num_groups": 4}),
    ).eval()


def _released(folder: Path, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
    """A file in the layout of the released BraTS 2021 checkpoints."""
    content: dict[str, Any] = {
        "epoch": 299,
        "best_acc": np.float64(0.8854),
        "state_dict": {f"module.{k}": v for k, v in _theirs().state_dict().items()},
        "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4}]},
    }
    change(content)
    path = folder / "model.pt"
    torch.save(content, path)
    return path


def _encoder(folder: Path, *, inputs: int = 1) -> Path:
    """A file in the layout of a self-supervised encoder: of one channel, with its pretext heads."""
    own = _theirs(inputs=inputs).swinViT.state_dict()
    old = {k.replace("linear1", "fc1").replace("linear2", "fc2"): v for k, v in own.items()}
    pretext = {"rotation_head.weight": torch.zeros(4, 8), "norm.weight": torch.zeros(8)}
    path = folder / "model_swinvit.pt"
    torch.save({"state_dict": {f"module.{k}": v for k, v in (old | pretext).items()}}, path)
    return path


def _import(path: Path, out: Path, config: SegmenterConfig = CONFIG, **kind: Any) -> StartCard:
    return import_checkpoint(path, out, config=config, **{"layout": "brats21", **kind})


def _network(config: SegmenterConfig = CONFIG, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return build_network(config).eval()


def _images() -> dict[str, Tensor]:
    torch.manual_seed(3)
    return {name: torch.randn(1, 1, 32, 32, 32) for name in MODALITIES}


def test_a_released_checkpoint_gives_its_own_outputs_on_our_order_of_modalities(
    tmp_path: Path,
) -> None:
    images = _images()
    card = _import(_released(tmp_path), tmp_path / "start")
    network = _network()

    read_start(tmp_path / "start").load_into(network)

    with torch.inference_mode():
        theirs = _theirs()(torch.cat([images[name] for name in RELEASED], dim=1))
        ours = network(torch.cat([images[name] for name in MODALITIES], dim=1))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert (card.order, card.head) == (RELEASED, "regions")


@pytest.mark.parametrize("number", [np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_torch_are_read_with_any_number_of_numpy(
    tmp_path: Path, number: Callable[[int], Any], *, zipped: bool
) -> None:
    content = torch.load(_released(tmp_path), weights_only=False)
    content["best_acc"] = number(1)
    torch.save(content, tmp_path / "again.pt", _use_new_zipfile_serialization=zipped)

    card = _import(tmp_path / "again.pt", tmp_path / "start")

    assert card.weights_digest == _import(tmp_path / "model.pt", tmp_path / "first").weights_digest


def test_another_order_can_be_declared(tmp_path: Path) -> None:
    order = ("t2", "t1", "flair", "t1ce")
    _import(_released(tmp_path), tmp_path / "start", order=order)

    weights = read_start(tmp_path / "start").tensors["swinViT.patch_embed.proj.weight"]

    theirs = _theirs().swinViT.patch_embed.proj.weight
    for index, name in enumerate(MODALITIES):
        assert torch.equal(weights[:, index], theirs[:, order.index(name)])


def test_a_softmax_head_starts_fresh_on_weights_of_a_sigmoid_head(tmp_path: Path) -> None:
    _import(_released(tmp_path), tmp_path / "start")
    start, network = read_start(tmp_path / "start"), _network(LABELS, seed=5)

    start.load_into(network)

    assert start.make_record(network).fresh == ("out.conv.conv.weight", "out.conv.conv.bias")
    fresh = _network(LABELS, seed=5).state_dict()["out.conv.conv.weight"]
    assert torch.equal(network.state_dict()["out.conv.conv.weight"], fresh)
    assert torch.equal(
        network.state_dict()["decoder1.conv_block.conv1.conv.weight"],
        _theirs().state_dict()["decoder1.conv_block.conv1.conv.weight"],
    )


def test_an_encoder_of_one_channel_sees_the_mean_of_the_modalities(tmp_path: Path) -> None:
    _import(_encoder(tmp_path), tmp_path / "start", layout="encoder")
    start, network = read_start(tmp_path / "start"), _network(LABELS)
    images = torch.cat(list(_images().values()), dim=1)

    start.load_into(network)

    theirs = _theirs(inputs=1).swinViT
    with torch.inference_mode():
        expected = theirs(images.mean(1, keepdim=True))
        found = network.swinViT(images)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    fresh = start.make_record(network).fresh
    assert "out.conv.conv.weight" in fresh
    assert not any(name.startswith("swinViT.") for name in fresh)


def test_an_encoder_of_four_channels_needs_their_order(tmp_path: Path) -> None:
    path = _encoder(tmp_path, inputs=4)

    with pytest.raises(InvalidRequest, match="order"):
        _import(path, tmp_path / "start", layout="encoder")

    assert _import(path, tmp_path / "start", layout="encoder", order=RELEASED).order == RELEASED


def _drop(content: dict[str, Any]) -> None:
    del content["state_dict"]["module.encoder2.layer.conv1.conv.weight"]


def _add(content: dict[str, Any]) -> None:
    content["state_dict"]["module.extra"] = torch.zeros(1)


def _reshape(content: dict[str, Any]) -> None:
    content["state_dict"]["module.out.conv.conv.bias"] = torch.zeros(5)


def _nest(content: dict[str, Any]) -> None:
    content["model"] = content.pop("state_dict")


def _text(content: dict[str, Any]) -> None:
    content["state_dict"]["module.extra"] = "text"


def _swell(content: dict[str, Any]) -> None:
    content["state_dict"]["module.extra"] = torch.zeros(1).expand(1 << 40)


def _code(content: dict[str, Any]) -> None:
    content["code"] = print


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_drop, r"encoder2\.layer\.conv1\.conv\.weight missing"),
        (_add, r"extra \(1,\), expected none"),
        (_reshape, r"out\.conv\.conv\.bias \(5,\), expected \(3,\)"),
        (_nest, "holds no state_dict"),
        (_text, r"state_dict\.module\.extra is not a tensor"),
        (_code, "it holds print, an object of Python and not a tensor"),
        (_swell, r"state_dict\.module\.extra claims the shape"),
    ],
)
def test_another_checkpoint_is_refused_by_what_differs_first_and_nothing_is_written(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        _import(_released(tmp_path, change), tmp_path / "start")

    assert not (tmp_path / "start").exists()


def test_an_order_that_does_not_name_each_modality_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="order names each of t1, t1ce, t2, flair once"):
        _import(_released(tmp_path), tmp_path / "start", order=("t1", "t1", "t2", "flair"))


def test_what_is_no_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.pt"
    path.write_text("hello")

    with pytest.raises(InvalidRequest, match=r"notes\.pt: it is text\. Expected a checkpoint"):
        _import(path, tmp_path / "start")
    with pytest.raises(InvalidRequest, match=r"none\.pt: there is no such file"):
        _import(tmp_path / "none.pt", tmp_path / "start")


def test_start_weights_of_another_network_are_refused_by_the_first_tensor(tmp_path: Path) -> None:
    _import(_released(tmp_path), tmp_path / "start")
    wider = configure("tiny", {**SMALL, "feature_size": 24})

    with pytest.raises(InvalidRequest, match=r"another network: swinViT\.patch_embed") as refusal:
        read_start(tmp_path / "start").load_into(_network(wider))

    assert refusal.value.pointer == "/start"


def test_start_weights_other_than_their_card_names_are_refused(tmp_path: Path) -> None:
    for folder in ("start", "other"):
        order = None if folder == "start" else MODALITIES
        _import(_released(tmp_path), tmp_path / folder, order=order)
    (tmp_path / "other" / "weights.safetensors").replace(tmp_path / "start" / "weights.safetensors")

    with pytest.raises(ObjectDamaged, match=r"start\.json"):
        read_start(tmp_path / "start")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"config\.json .* start\.json"):
        read_start(tmp_path)


def test_published_start_weights_are_named_by_what_they_are(tmp_path: Path) -> None:
    _import(_released(tmp_path), tmp_path / "start")
    store = MemoryStore()

    ref, again = (publish_model(store, tmp_path / "start", "brats21") for _ in range(2))

    manifest = Manifest.model_validate_json(store.get(ref.manifest_key))
    assert ref == again
    assert set(manifest.files) == {"weights.safetensors", "start.json"}
