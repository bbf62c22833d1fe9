"""Commands that run a whole design on any installation: the demo, and the study of a file."""
