"""Ingest: events from CRM, HR and billing in; verified, validated, translated, and durable in the log before the
answer.
"""
