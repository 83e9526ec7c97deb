"""Alembic's entry to the migrations of the log."""

from shared.database import run_migrations

run_migrations()
