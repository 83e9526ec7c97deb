"""Where the code of services writes its log when a command runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from earnest.local.home import Home

FILE: Final = "commands.log"


@contextmanager
def events_kept(home: Home) -> Iterator[None]:
    """While this lasts, what services log goes to a file beside their own logs, and not between the answers on the
    terminal; nowhere, where there is no folder of an installation.
    """
    path = home.logs / FILE if home.logs.is_dir() else Path(os.devnull)
    before = structlog.get_config() if structlog.is_configured() else None
    with path.open("a", encoding="utf-8") as file:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(default=str),
            ],
            logger_factory=lambda *_: structlog.WriteLogger(file),
        )
        try:
            yield
        finally:
            if before is None:
                structlog.reset_defaults()
            else:
                structlog.configure(**before)
