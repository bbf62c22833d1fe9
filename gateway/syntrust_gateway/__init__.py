"""The REST API of SynTrust, its database, and the conductor that drives experiments."""
