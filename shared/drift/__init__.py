"""Drift: whether a dated series still does what it did, found within weeks and with few false alarms."""
