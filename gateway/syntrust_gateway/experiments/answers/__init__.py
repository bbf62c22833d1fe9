"""What an ended experiment answers: its results, and its report with a cover."""
