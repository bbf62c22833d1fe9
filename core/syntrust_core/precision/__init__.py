"""The precision of networks: measured once for an installation, and then written down."""
