"""SwinUNETR and its heads."""
