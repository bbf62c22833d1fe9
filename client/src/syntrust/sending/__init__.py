"""What requests hold, and the sessions that send them."""
