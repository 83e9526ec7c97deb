"""Ingest: events from CRM, HR and billing in; verified, validated, translated, and durable in the log before the
answer.

What it exports is its face: how source files are read, and what a delivery becomes by one.
"""

from services.ingest.delivery import Delivery
from services.ingest.events import Columns
from services.ingest.mapping import Source
from services.ingest.proofs import NotProven, Proven, Request
from services.ingest.sections import SourceError
from services.ingest.sources import SourceFile, read_key, read_source_file, read_sources

__all__ = [
    "Columns",
    "Delivery",
    "NotProven",
    "Proven",
    "Request",
    "Source",
    "SourceError",
    "SourceFile",
    "read_key",
    "read_source_file",
    "read_sources",
]
