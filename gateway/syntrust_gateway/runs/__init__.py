"""What jobs and experiments have in common: their steps and progress."""
