"""Jobs: one mask, one case, one model."""
