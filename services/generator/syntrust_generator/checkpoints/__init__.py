"""Models on disk: ours, and those that Med-DDPM released."""
