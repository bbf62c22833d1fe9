"""A case: read, checked, brought to its canonical form."""
