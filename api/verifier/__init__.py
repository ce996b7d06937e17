"""What the staff at a door call."""
