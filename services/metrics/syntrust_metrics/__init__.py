"""Case inspection, Dice, trust factors, statistics, figures and report."""
