"""Torch's deterministic algorithms. Only services that compute with torch import this module."""

from __future__ import annotations

import torch


def use_deterministic_algorithms(*, enabled: bool) -> None:
    """Use them, or whichever are fastest.

    Without a GPU nothing is compiled; torch's own function would import its compiler all the same,
    which takes each process 2 s.
    """
    if torch.cuda.is_available():
        torch.use_deterministic_algorithms(enabled)
    else:
        torch.set_deterministic_debug_mode("error" if enabled else "default")
