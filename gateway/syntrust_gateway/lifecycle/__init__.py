"""What happens to stored data after it was made: verified, healed, collected, kept, removed."""
