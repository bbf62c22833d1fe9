"""The documentation as a site: `python -m tools.guide build|fresh`."""
