"""What comes in: paths, methods and bodies of requests."""
