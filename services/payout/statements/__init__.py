"""Statements: what a participant earned and is paid in a run, from frozen facts, as JSON, as a page and as PDF."""
