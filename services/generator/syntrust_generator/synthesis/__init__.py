"""Drawing a twin."""
