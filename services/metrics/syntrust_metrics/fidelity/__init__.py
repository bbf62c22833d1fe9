"""Twins compared with their sources, and with what the generator has seen."""
