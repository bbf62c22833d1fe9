"""The words of an answer: definitions and warnings."""
