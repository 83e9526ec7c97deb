"""What there is of everything, and what looks like a slip."""
