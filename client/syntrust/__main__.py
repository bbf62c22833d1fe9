"""`python -m syntrust` is the `syntrust` command."""

from syntrust.cli import main

main()
