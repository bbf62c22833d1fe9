"""Label maps compared: overlap, surfaces, lesions."""
