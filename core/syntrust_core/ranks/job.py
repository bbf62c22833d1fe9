"""What a further rank computes, as data."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module

from pydantic import BaseModel, ConfigDict

from syntrust_core.ranks.collectives import Ranks


class RankJob(BaseModel):
    """What a further rank computes. It travels as JSON, with the name of its class.

    A class of jobs stands at the top of its module, which each rank imports.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def compute(self, ranks: Ranks) -> None:
        """Compute the share of a rank."""


def write_job(job: RankJob) -> str:
    """Write a job: the name of its class, and a line of JSON."""
    kind = type(job)
    return f"{kind.__module__}:{kind.__name__}\n{job.model_dump_json()}"


def read_job(text: str) -> RankJob:
    """Read what `write_job` has written.

    Raises
    ------
    TypeError
        It names something else than a class of jobs.
    ValueError
        Its values are no job of that class.
    """
    name, _, values = text.partition("\n")
    module, _, kind = name.partition(":")
    found = getattr(import_module(module), kind)
    if not (isinstance(found, type) and issubclass(found, RankJob)):
        raise TypeError(f"{name} is no job of a rank.")
    return found.model_validate_json(values)
