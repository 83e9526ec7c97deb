"""What people decide about pay: holds, adjustments, dismissed clawbacks."""
