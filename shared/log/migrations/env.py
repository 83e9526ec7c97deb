"""Alembic's entry to the migrations of the log."""

from shared.migration_env import run

run()
