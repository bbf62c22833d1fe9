"""What keeps the other users of a machine away from the data of a stack."""
