"""Payout runs: their life, what they settle, what stands out, what they book and keep."""
