"""`POST /comparisons`: experiments side by side."""
