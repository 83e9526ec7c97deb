"""The migrations build the tables that the store speaks of."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData

from services.alerts.lifecycle import tables as alerts
from services.alerts.notifications import tables as notifications
from services.alerts.proposals import tables as proposals
from services.alerts.rollups import tables as rollups
from shared.log.tables import metadata as worker_tables


def test_the_migrations_build_the_tables_of_the_schema(alerts_engine: Engine) -> None:
    wanted = MetaData()
    assert rollups.METADATA is alerts.METADATA is notifications.METADATA is proposals.METADATA
    for table in [*alerts.METADATA.tables.values(), *worker_tables.tables.values()]:
        table.to_metadata(wanted)
    with alerts_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, wanted)
    # Who speaks to the chain's tables speaks SQL.
    others = ("alembic_version", "chain_entry", "chain_link")
    assert [difference for difference in found if not any(name in str(difference) for name in others)] == []
