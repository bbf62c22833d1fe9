"""`POST /power`: what test cases and training seeds can show, before an experiment is run."""
