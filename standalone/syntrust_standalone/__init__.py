"""The whole SynTrust platform on one machine from one command, and phantom cohorts."""
