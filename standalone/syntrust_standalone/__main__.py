"""`python -m syntrust_standalone` is the `syntrust-standalone` command."""

from syntrust_standalone.cli import main

main()
