"""An experiment while it goes on: its steps one by one, and the curves of its trainings."""
