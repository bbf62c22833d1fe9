"""`python -m syntrust_gateway`: the gateway's command."""

from syntrust_gateway.cli import main

main()
