"""Datasets: cases are registered, uploaded and inspected."""
