"""The mean brain: its places, and how it deforms."""
