"""The migrations build the tables that the store speaks of."""

from __future__ import annotations

from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from services.ingest.tables import metadata
from shared.log.tables import metadata as worker_tables
from tests.services.ingest.conftest import Ingest


def test_the_migrations_of_ingest_build_its_tables(start_ingest: Callable[..., Ingest]) -> None:
    wanted = MetaData()
    for table in [*metadata.tables.values(), *worker_tables.tables.values()]:
        table.to_metadata(wanted)
    with start_ingest().engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, wanted)
    assert [difference for difference in found if "alembic_version" not in str(difference)] == []
