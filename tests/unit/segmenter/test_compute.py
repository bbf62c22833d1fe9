"""Running out of memory names the setting to lower."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from syntrust_core.errors import OutOfMemory
from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.compute import explain_out_of_memory


def _failures() -> Iterator[Exception]:
    yield MemoryError()
    yield torch.OutOfMemoryError("CUDA out of memory")
    yield RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 TB")


@pytest.mark.parametrize("failure", list(_failures()), ids=["python", "gpu", "cpu"])
def test_running_out_of_memory_says_which_setting_to_lower(failure: Exception) -> None:
    config = configure("full", {"gradient_checkpointing": False})
    with pytest.raises(OutOfMemory, match="lower patch"), explain_out_of_memory(config):
        raise failure

    with (
        pytest.raises(OutOfMemory, match=r"lower batch \(now 2\)"),
        explain_out_of_memory(configure("base")),
    ):
        raise failure


def test_another_runtime_error_is_not_called_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="bug"), explain_out_of_memory(configure("tiny")):
        raise RuntimeError("bug")
