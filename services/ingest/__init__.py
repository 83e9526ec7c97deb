"""Ingest: events from CRM, HR and billing in; verified, validated, translated, and durable in the log before the
answer.

What it exports is its face: how files are taken in as webhooks are.
"""

from services.ingest.events import DealEvent, Unfit
from services.ingest.mapping import Source

__all__ = ["DealEvent", "Source", "Unfit"]
