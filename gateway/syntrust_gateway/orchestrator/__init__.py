"""The orchestrator drives datasets, jobs and experiments. It is a process of its own."""

from syntrust_gateway.orchestrator.loop import Orchestrator
from syntrust_gateway.orchestrator.process import orchestrate

__all__ = ["Orchestrator", "orchestrate"]
