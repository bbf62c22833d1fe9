"""What the services of SynTrust share: contracts, store, queue, volumes, settings and errors."""
