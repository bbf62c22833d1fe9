"""Tests: equivalence, curves over α, the recommendation, claims of the paper."""
