"""What residents call."""
