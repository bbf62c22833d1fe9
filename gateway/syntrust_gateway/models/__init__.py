"""The registry of generators, segmenters and start weights."""
