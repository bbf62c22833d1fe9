from __future__ import annotations

import subprocess
import sys

import pytest
import torch

CODE = """
import sys, torch
from syntrust_core.machine.deterministic import use_deterministic_algorithms
use_deterministic_algorithms(enabled=True)
assert torch.are_deterministic_algorithms_enabled()
use_deterministic_algorithms(enabled=False)
assert not torch.are_deterministic_algorithms_enabled()
assert "torch._inductor" not in sys.modules
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU has a compiler to set")
def test_without_a_gpu_deterministic_algorithms_load_no_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
