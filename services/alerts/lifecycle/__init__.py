"""Alerts: what is wrong with a KPI, from its opening to its end."""
