"""Waiting in tests: for something to be true, never for a time to pass. Nothing else in the tests reads a clock to
wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine, text

PATIENCE = 300.0
"""Seconds after which a test is given up. Only a test that fails waits so long, so it may be many times what a busy
machine needs.
"""

T = TypeVar("T")


def until(wanted: Callable[[], T], what: str = "what was waited for") -> T:
    """Ask again until the answer is true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := wanted()):
        assert time.monotonic() < deadline, f"{what} did not come about in {PATIENCE:.0f} s"
        time.sleep(0.02)
    return found


def somebody_waits_for_a_lock(engine: Engine) -> bool:
    """Whether a session of this database stands still until another one lets a lock go."""
    asked = (
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    with engine.connect() as connection:
        return bool(connection.execute(text(asked)).scalar_one())
