"""Compare label maps: overlap, surfaces, lesions."""
