"""The diffusion model: network, schedule, samplers."""
