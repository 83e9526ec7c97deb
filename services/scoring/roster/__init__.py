"""Changes of roster and plans: taken, and what they touch asked for again."""
