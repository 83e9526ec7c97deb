"""All SQL of scoring. A step makes a handful of statements per batch, whatever its size."""
