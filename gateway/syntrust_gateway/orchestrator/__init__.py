"""The orchestrator: drives datasets and experiments to what is wanted. A process of its own."""

from syntrust_gateway.orchestrator.loop import Orchestrator, orchestrate

__all__ = ["Orchestrator", "orchestrate"]
