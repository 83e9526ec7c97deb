"""The roster as payout stores it."""
