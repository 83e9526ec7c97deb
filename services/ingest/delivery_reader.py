"""Reading deliveries by what people wrote in source files, where it can harm nobody."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
import structlog

from services.ingest.delivery import Delivery, ReadDelivery, unreadable
from services.ingest.events import Columns
from services.ingest.mapping import source_of_text
from services.ingest.sources import Sources, UsedSource
from shared.bounded import Calculating, Exceeded

READ_SECONDS: Final = 10
"""Of a processor for one delivery: a hundred times what the largest takes, of a megabyte."""
READ_WALL_SECONDS: Final = 180

_logger = structlog.get_logger(__name__)
_source = lru_cache(maxsize=64)(source_of_text)


class DeliveryReader:
    """Reads deliveries of the `sources`. One that takes too much stops its source until the files are loaded again:
    the next one would take as much, and those of the other sources would wait for it.
    """

    def __init__(self, sources: Sources, zone: ZoneInfo, *, columns: Columns, calculating: Calculating) -> None:
        """`columns` are the company's own, which plans declare; `calculating` is how a delivery is read."""
        self.sources = sources
        self._zone, self._columns, self._calculating = zone, columns, calculating

    def read(self, used: UsedSource, delivery: Delivery) -> ReadDelivery:
        """What a source's file makes of a delivery.

        Raises:
            CheckingBusy: as many are being read as may wait.
            LogUnavailable: the published plans cannot be read.
        """
        columns = dict(self._columns()) if used.source.own_fields else {}
        try:
            return self._calculating(read_delivery, used.text, delivery, zone=self._zone.key, columns=columns)
        except Exceeded as error:
            reason = f"a delivery of it could not be read: {error}; mend the file, and load the sources again"
            self.sources.stop(used.source.source, reason)
            _logger.error("source.stopped", source=used.source.source, delivery=delivery.name, reason=reason)
            return unreadable(str(error), field="body")


# Called in the bounded process: what goes in and comes out is small and plain, a file's text and records.
def read_delivery(text: str, delivery: Delivery, *, zone: str, columns: Mapping[str, pl.DataType]) -> ReadDelivery:
    """What a source file of this text makes of a delivery; the file was read before, and each text is read once."""
    return delivery.read(_source(text), ZoneInfo(zone), columns=lambda: columns)
