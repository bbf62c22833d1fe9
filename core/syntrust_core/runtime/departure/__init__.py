"""How a worker ends by itself, without a step that is cut off or lost."""
