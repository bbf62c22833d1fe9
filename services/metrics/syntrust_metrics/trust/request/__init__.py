"""Dice scores and policy of a request, read and checked."""
