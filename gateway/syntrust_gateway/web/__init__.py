"""The page of the platform: what `make web` has built, and what a browser may do with it."""
