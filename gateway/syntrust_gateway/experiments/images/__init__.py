"""Images and label maps of an experiment."""
