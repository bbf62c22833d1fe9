"""What an experiment would cost before it is accepted."""
