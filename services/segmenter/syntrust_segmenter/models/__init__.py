"""Models on disk: saved, published, started from, exported."""
