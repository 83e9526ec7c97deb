"""The Alembic environment that every `migrations/env.py` runs: the caller's connection, the version table in its schema."""

from __future__ import annotations

from alembic import context


def run() -> None:
    """Run the pending migrations on the connection that `shared.database.migrate` opened."""
    context.configure(
        connection=context.config.attributes["connection"],
        version_table_schema=context.config.attributes["schema"],
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
