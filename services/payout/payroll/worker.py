"""Watches the cut-offs: how many released batches payroll should have fetched or acknowledged by now, for the alert."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Final

from sqlalchemy import Engine

from services.payout.payroll.store_answers import overdue
from shared.log.worker import TRANSIENT
from shared.metrics import PAYROLL_OVERDUE

SECONDS: Final = 30
"""Cut-offs are days: a count need not be fresher."""


class CutOffs:
    """Counts every so often; `today` gives the company's date."""

    def __init__(self, engine: Engine, today: Callable[[], date]) -> None:
        self._engine, self._today = engine, today

    def run(self, stop: threading.Event) -> None:
        """Count until `stop` is set. While the database does not answer, the last count stays."""
        while True:
            with suppress(*TRANSIENT):
                self.count()
            if stop.wait(SECONDS):
                return

    def count(self) -> None:
        """Count once."""
        with self._engine.connect() as connection:
            unfetched, unacknowledged = overdue(connection, self._today())
        PAYROLL_OVERDUE.labels("fetch").set(unfetched)
        PAYROLL_OVERDUE.labels("acknowledgement").set(unacknowledged)
