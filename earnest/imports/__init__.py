"""Importing an export: a folder of CSV files becomes roster, quotas, plans and deals, by configuration alone."""
