"""An installation's log, from its settings."""

from collections.abc import Callable, Iterator

import pytest

from earnest.local.postgres import Postgres
from shared.log.kafka import KafkaLog
from shared.log.open import OtherLog, open_log, relays
from shared.log.postgres import PostgresLog
from shared.log.relay import Relay
from shared.settings import Settings
from tests.databases import fresh_database


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[[str], str]) -> Iterator[str]:
    """`postgresql://` URL of a database with the tables of the log, which this test has for itself."""
    with fresh_database(postgres_server, template("ingest")) as url:
        yield url


def test_without_kafka_servers_the_log_is_in_the_database(database_url: str) -> None:
    log = open_log(Settings(database_url=database_url, kafka_bootstrap_servers=None))
    assert isinstance(log, PostgresLog)
    assert relays(log) == []
    log.close()


def test_with_kafka_servers_the_log_is_there_and_a_relay_is_needed(database_url: str) -> None:
    log = open_log(Settings(database_url=database_url, kafka_bootstrap_servers="127.0.0.1:1"))
    assert isinstance(log, KafkaLog)
    assert [type(relay) for relay in relays(log)] == [Relay]
    log.close()


def test_a_database_is_not_used_with_the_other_log(database_url: str) -> None:
    open_log(Settings(database_url=database_url, kafka_bootstrap_servers=None)).close()
    with pytest.raises(OtherLog, match="in the postgres log, not in kafka"):
        open_log(Settings(database_url=database_url, kafka_bootstrap_servers="127.0.0.1:1"))
