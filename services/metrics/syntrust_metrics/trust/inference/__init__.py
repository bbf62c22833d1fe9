"""Tests: equivalence, curves over alpha, claims of the paper."""
