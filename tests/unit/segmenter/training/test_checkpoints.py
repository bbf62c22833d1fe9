from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from syntrust_segmenter.training.checkpoints import TrainingState, load_state, save_state


def _state(seed: int) -> TrainingState:
    torch.manual_seed(seed)
    network = nn.Conv3d(2, 3, 3)
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # no stub
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, fused=True)
    state = TrainingState(network, optimizer, "float32")
    _advance(state)
    return state


def _advance(state: TrainingState) -> None:
    state.optimizer.zero_grad()
    state.network(torch.randn(1, 2, 4, 4, 4)).square().sum().backward()
    state.optimizer.step()
    state.iteration += 1
    state.history.loss.append(0.5)


def _weights(state: TrainingState) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in state.network.parameters()])


def test_a_restored_state_goes_on_as_the_saved_one_would_have(tmp_path: Path) -> None:
    path = tmp_path / "state"
    state, other = _state(0), _state(1)
    save_state(state, path, identity="me")
    _advance(state)

    assert load_state(other, path, identity="me")
    _advance(other)

    assert torch.equal(_weights(other), _weights(state))
    assert (other.iteration, other.history) == (state.iteration, state.history)


@pytest.mark.parametrize("kind", ["of another training", "cut short", "no checkpoint"])
def test_a_checkpoint_of_no_use_leaves_the_state_as_it_was(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "state"
    save_state(_state(0), path, identity="another" if kind == "of another training" else "me")
    whole = path.read_bytes()
    path.write_bytes({"cut short": whole[:-9], "no checkpoint": b"no"}.get(kind, whole))
    state = _state(1)
    before = _weights(state).clone()

    assert not load_state(state, path, identity="me")

    assert torch.equal(_weights(state), before)
    assert state.iteration == 1


def test_a_checkpoint_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "state"
    for seed in (0, 1):
        save_state(_state(seed), path, identity="me")

    assert [file.name for file in tmp_path.iterdir()] == ["state"]
