"""The conductor: drives datasets and experiments to what is wanted. A process of its own."""

from syntrust_gateway.orchestrator.loop import Conductor, run

__all__ = ["Conductor", "run"]
