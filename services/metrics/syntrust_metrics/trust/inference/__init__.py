"""Tests: equivalence, curves over α, claims of the paper."""
