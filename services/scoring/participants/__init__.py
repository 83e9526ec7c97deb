"""Participants over HTTP: earnings, their explanation, credits."""
