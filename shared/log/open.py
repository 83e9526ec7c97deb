"""The log of an installation, from its settings."""

from __future__ import annotations

from shared.database import database_url
from shared.log.kafka import KafkaLog
from shared.log.port import Log
from shared.log.postgres import PostgresLog
from shared.log.relay import Relay
from shared.logins import login_of
from shared.proof.signing import Signer
from shared.settings import Settings


class OtherLog(Exception):
    """The database belongs to an installation that runs on the other log: its positions mean nothing here."""


def open_log(settings: Settings, service: str | None = None) -> Log:
    """The log that the settings name, for a service, or for the administrator. Topics are not created: `Log.ensure`
    does that.

    Raises:
        OtherLog: the database was used with the other kind of log.
        TablesBehind: its tables are not those of this version.
    """
    login = None if service is None else login_of(service)
    tables = PostgresLog(database_url(settings, login), settings.partitions, signer=Signer.of(settings))
    kind = tables.begun_as(settings.log_kind)
    if kind != settings.log_kind:
        tables.close()
        raise OtherLog(
            f"this database's events are in the {kind} log, not in {settings.log_kind}; use another database"
        )
    if settings.kafka_bootstrap_servers is None:
        return tables
    return KafkaLog(
        settings.kafka_bootstrap_servers, tables, partitions=settings.partitions, replication=settings.kafka_replication
    )


def relays(log: Log) -> list[Relay]:
    """What has to run beside every service for its publications to arrive: a relay on Kafka, nothing in the embedded
    log.

    One of all services' relays works at a time; another takes over when its process is gone.
    """
    return [Relay(log.outbox, log.producer)] if isinstance(log, KafkaLog) else []
