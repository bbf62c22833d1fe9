"""Volumes on a grid: NIfTI, geometry, resampling."""
