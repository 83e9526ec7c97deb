"""The migrations of payout."""
