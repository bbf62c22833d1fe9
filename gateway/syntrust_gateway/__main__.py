"""`python -m syntrust_gateway`: the gateway's command."""

from syntrust_gateway.cli import main

# A process that helps this one imports its main module under another name.
if __name__ == "__main__":
    main()
