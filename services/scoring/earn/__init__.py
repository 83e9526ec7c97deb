"""Earning: credits summed per participant and month, and the plans evaluated on the sums."""
