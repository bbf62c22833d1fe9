"""What the services of SynTrust share: contracts, object store, queue, volumes, settings, errors."""
