"""Proves who may do what, and what was recorded of it: the chain must hold."""

from __future__ import annotations

from sqlalchemy import Connection

from services.access.tables import CHAIN, CHAINED
from shared.proof import verify as chain


def verify_chain(connection: Connection, public_key: str | None) -> list[str]:
    """Differences between what is chained and what was written, as sentences; empty when all is well.

    With the installation's public key also every signature is looked at.
    """
    return list(chain.differences(connection, CHAIN, tables=CHAINED, public_key=public_key))
