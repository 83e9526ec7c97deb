"""The benchmark's yardsticks can be measured on both logs."""

from __future__ import annotations

from sqlalchemy import make_url

from benchmarks.ceilings import kafka, transactions
from shared.database import engine_for


def test_the_ceiling_of_postgres_is_measured_and_leaves_nothing_behind(database_url: str) -> None:
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "public", pool_size=1)
    try:
        assert transactions(engine, events=1000) > 0
        with engine.connect() as connection:
            assert connection.exec_driver_sql("select 1 from pg_namespace where nspname = 'bench'").all() == []
    finally:
        engine.dispose()


def test_the_ceiling_of_kafka_is_measured_although_no_topic_makes_itself(kafka_servers: str) -> None:
    produced, consumed = kafka(kafka_servers, records=1000)
    assert produced > 0
    assert consumed > 0
