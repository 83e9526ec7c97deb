"""Sums that deals and earnings are counted in, kept current as facts come."""
