"""`python -m syntrust` is the `syntrust` command."""

from syntrust.cli.app import main

main()
