"""Trust factors and companions with their intervals."""
