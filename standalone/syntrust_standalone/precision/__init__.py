"""The precision that a data folder was begun with: measured at its first start, and then kept."""
