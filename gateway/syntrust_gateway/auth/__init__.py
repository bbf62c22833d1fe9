"""API keys, callers and what they may see."""
