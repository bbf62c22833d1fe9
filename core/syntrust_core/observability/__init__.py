"""What every process tells about itself: counts and traces. Both are lost without harm."""
