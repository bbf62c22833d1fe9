"""Which step comes next: what is ready, whose turn it is, what is in flight."""
