"""What the services agree on, and nothing else."""
