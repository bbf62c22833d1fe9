"""What only an admin may ask: clients, keys, limits, usage, the audit trail, workers."""
