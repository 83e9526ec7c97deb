"""Positions and dead letters of the worker over deliveries."""

from shared.log.tables import create_worker_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_worker_tables()
