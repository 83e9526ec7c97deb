"""Writes anchors of a service's chain, by itself: into a folder and to an address where the owner of the database does
not reach.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.log.port import LogUnavailable
from shared.posting import NotSent, post
from shared.proof.anchor import Anchor, file_name, head
from shared.proof.signing import Signer
from shared.settings import Settings

_logger = structlog.get_logger(__name__)


class Anchoring:
    """Takes the head of a chain again and again, and hands it out when it has moved on. Run one in every process of a
    service: a head that two write is the same file.
    """

    def __init__(
        self, engine: Engine, chain: str, *, settings: Settings, before: Callable[[], object] | None = None
    ) -> None:
        """Of the chain in the engine's schema; `before` is done before each look at it.

        Args:
            settings: `anchors_dir` and `anchors_url` say where to, `anchor_minutes` how often.
        """
        self._engine, self._chain, self._settings, self._before = engine, chain, settings, before
        signer = Signer.of(settings)
        self._public_key = signer.public_key if signer else ""
        self._written = 0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. What fails is logged and tried again the next time."""
        while True:
            try:
                self.look()
            except (SQLAlchemyError, LogUnavailable, OSError, NotSent) as error:
                _logger.warning("proof.anchor_failed", chain=self._chain, reason=str(error) or type(error).__name__)
            if stop.wait(self._settings.anchor_minutes * 60):
                return

    def look(self) -> bool:
        """Hand the head out, if there is another than the last time; whether there was.

        Raises:
            OSError: the folder does not take it.
            NotSent: the address does not.
        """
        if self._before is not None:
            self._before()
        with self._engine.connect() as connection:
            found = head(connection, self._chain)
        if found is None or found.position == self._written:
            return False
        anchor = Anchor(public_key=self._public_key, heads=(found,))
        if self._settings.anchors_dir is not None:
            _write(self._settings.anchors_dir / file_name(anchor), anchor.written())
        if self._settings.anchors_url:
            loopback = self._settings.notifications_loopback
            post(self._settings.anchors_url, anchor.written(), headers={}, loopback=loopback)
        self._written = found.position
        return True


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(content)
    part.replace(file)
