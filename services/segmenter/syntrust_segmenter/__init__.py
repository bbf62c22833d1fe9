"""Training and inference of SwinUNETR on real and synthetic MRI."""
