"""Artifacts that are gone or damaged: found by the steps that read them, and computed again."""
