"""A courier in a process of its own, to be killed: `python courier_process.py DATABASE_URL DELIVERIES_DIR`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from services.payout.delivery.worker import Courier
from shared.database import engine_for
from shared.settings import Settings

if __name__ == "__main__":
    url, folder = sys.argv[1:]
    settings = Settings(database_url=url, deliveries_dir=Path(folder))
    engine = engine_for(make_url(url), "payout")
    Courier(engine, settings, now=lambda: datetime(2026, 1, 15, 10, tzinfo=UTC)).round()
