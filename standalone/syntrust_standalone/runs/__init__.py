"""What the demo and a study have in common: a platform of their own, and phantoms on one."""
