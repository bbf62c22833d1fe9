"""How the batches of a training are shared out among its devices."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syntrust_core.errors import InvalidRequest

Devices = Annotated[
    int,
    Field(
        ge=1,
        le=64,
        description="Devices of this machine that share each batch of a training: its GPUs, else "
        "that many processes on the CPU. Anything else uses one.",
    ),
]
"""The setting of a worker. It decides the last bits of every weight."""


def require_equal_shares(batch: int, devices: int, *, field: str, pointer: str = "") -> None:
    """Refuse a batch that the devices of a training cannot share equally.

    The mean over all samples is the mean of the devices' means only if each has as many.

    Raises
    ------
    InvalidRequest
        The detail names the field, the next batch that would do, and the setting.
    """
    if batch % devices:
        enough = -(-batch // devices) * devices
        raise InvalidRequest(
            f"{field} is {batch}, which the {devices} devices of this training cannot share "
            f"equally: set it to {enough} or another multiple of {devices}, or have the worker "
            f"use fewer devices.",
            pointer=pointer,
        )
