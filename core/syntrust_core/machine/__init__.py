"""What a machine has, and how its workers use it."""
