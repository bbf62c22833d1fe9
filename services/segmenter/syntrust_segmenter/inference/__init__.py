"""From images to a label map."""
