"""Payments by account: kept as facts, and allocated to the deals of their accounts."""
