"""The atlas: mean images, registration of heads to it, and its deformations."""
