"""Ingest: events from CRM, HR and billing in; verified, validated, translated, and durable in the log before the
answer.

What it exports is its face: how files are taken in as webhooks are.
"""

from services.ingest.delivery import Delivery
from services.ingest.events import DealEvent, Unfit
from services.ingest.mapping import Source
from services.ingest.proofs import NotProven, Proven, Request
from services.ingest.sections import SourceError
from services.ingest.sources import SourceFile, read_key, read_source_file, read_sources

__all__ = [
    "DealEvent",
    "Delivery",
    "NotProven",
    "Proven",
    "Request",
    "Source",
    "SourceError",
    "SourceFile",
    "Unfit",
    "read_key",
    "read_source_file",
    "read_sources",
]
