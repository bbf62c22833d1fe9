"""The trust factors, their companions and the score, with intervals."""
