"""Code that an exported bundle contains. It needs MONAI and nothing of the platform."""
