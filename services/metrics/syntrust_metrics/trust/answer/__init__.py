"""What an answer says in words: definitions and warnings."""
