"""What an exported bundle carries along: these files need MONAI, and nothing of the platform."""
