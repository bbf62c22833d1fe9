"""The results of an experiment, from its scores."""
