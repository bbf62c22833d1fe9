"""`POST /trust-score`: Dice scores in, trust factors out."""
