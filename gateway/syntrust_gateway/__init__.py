"""The REST API of SynTrust, its database, and the orchestrator that drives experiments."""
