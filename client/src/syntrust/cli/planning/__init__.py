"""Plan a study, and compare experiments."""
