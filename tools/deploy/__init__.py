"""Tools of an installation: its passwords, and what its images hold."""
