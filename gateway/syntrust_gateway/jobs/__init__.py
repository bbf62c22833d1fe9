"""Jobs: short work on one mask, one case or one model."""
