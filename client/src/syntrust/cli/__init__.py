"""The `syntrust` command."""
