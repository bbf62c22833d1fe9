"""The Python client of SynTrust and the `syntrust` command."""
