"""Structured logs: one JSON object a line, on standard output. Ids of events tie them together; pay never appears in
them.
"""

from __future__ import annotations

import logging
import sys
import traceback

import structlog


def _where(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Replace an exception by its type and the places it came through: its message and values may be somebody's pay."""
    given = event.pop("exc_info", None)
    # The three forms that logging takes: True for the exception in hand, the triple of it, or the exception.
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        event["through"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def set_up(service: str) -> None:
    """Make every log of this process, ours and the libraries', JSON that names the service."""

    def named(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        return {"service": service, **event}

    shared: list[structlog.types.Processor] = [
        named,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _where,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("kafka", "httpx", "alembic", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
