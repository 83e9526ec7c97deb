"""The migrations build the tables that the store speaks of."""

from __future__ import annotations

from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text

from services.ingest.tables import metadata
from shared.database import service_engine, view_engine
from shared.log.tables import metadata as worker_tables
from shared.settings import Settings
from tests.services.ingest.conftest import Ingest


def test_the_migrations_of_ingest_build_its_tables(start_ingest: Callable[..., Ingest]) -> None:
    wanted = MetaData()
    for table in [*metadata.tables.values(), *worker_tables.tables.values()]:
        table.to_metadata(wanted)
    with start_ingest().engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, wanted)
    assert [difference for difference in found if "alembic_version" not in str(difference)] == []


def test_connections_wait_only_so_long(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    for engine, bounds in (
        (service_engine(settings, "ingest"), {"lock_timeout": "1min", "statement_timeout": "0"}),
        (view_engine(settings, "ingest"), {"statement_timeout": "30s", "transaction_timeout": "2min"}),
    ):
        with engine.connect() as connection:
            assert {name: connection.execute(text(f"show {name}")).scalar_one() for name in bounds} == bounds
        engine.dispose()
