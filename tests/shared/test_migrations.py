"""What a schema that another version made is answered with."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text

from shared.database import UnknownTables, engine_for, migrate


def test_a_schema_of_unknown_migrations_is_refused_and_stays_as_it_is(database_url: str) -> None:
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "ingest")
    try:
        migrate(engine, "ingest", package="services.ingest")
        with engine.begin() as connection:
            before = connection.execute(text("update alembic_version set version_num = '9999' returning version_num"))
            assert before.scalar_one() == "9999"
        with pytest.raises(UnknownTables, match="start with an empty database"):
            migrate(engine, "ingest", package="services.ingest")
        with engine.connect() as connection:
            assert connection.execute(text("select version_num from alembic_version")).scalar_one() == "9999"
    finally:
        engine.dispose()
