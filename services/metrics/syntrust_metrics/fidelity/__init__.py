"""Compare twins with their sources and with the cases that the generator was trained on."""
