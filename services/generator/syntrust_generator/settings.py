"""What an operator may set on a generator worker, from `SYNTRUST_GENERATOR__…` variables."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from syntrust_generator.synthesis.engine import Asked


class GeneratorSettings(BaseSettings):
    """Like the number of threads, these decide the last bits of a twin, not which twin it is."""

    model_config = SettingsConfigDict(env_prefix="SYNTRUST_GENERATOR__", extra="ignore")

    precision: Annotated[
        Asked,
        Field(
            description="Of the convolutions: auto (bf16 where the processor has it natively, else "
            "tf32 on a GPU, else fp32), or one of fp32, tf32 (GPU alone) and bf16."
        ),
    ] = "auto"
    compiled: Annotated[
        bool,
        Field(
            description="Compile the network on a GPU where every case has one shape; needs a C "
            "compiler beside it, and about a minute for the first twin."
        ),
    ] = True
