"""Label map to four MRI modalities: a Med-DDPM diffusion model, and training it."""
