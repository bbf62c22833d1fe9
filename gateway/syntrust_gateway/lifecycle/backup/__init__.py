"""A copy of the database and of every object in a folder, and the way back."""
