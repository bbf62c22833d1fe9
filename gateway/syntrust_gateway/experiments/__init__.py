"""Experiments: request, plan, state, results."""
