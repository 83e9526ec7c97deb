"""Passwords of companies without an identity provider."""
