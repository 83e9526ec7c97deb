"""What an installation sets: one model, read from the environment and from secret files, the same for all services."""

from __future__ import annotations

import os
import socket
from functools import cached_property
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Settings(BaseSettings):
    """Settings of one installation, which serves one company.

    Variables are named `EARNEST_<FIELD>`; `DATABASE_URL` and `KAFKA_BOOTSTRAP_SERVERS` go by their usual names.
    Secrets are files: `database_passwords_dir` is a folder with the password of each of the database's logins in a file
    of its name (`shared.logins`), of which a service needs its own two; `keys_file` holds API keys,
    and `deliveries_dir` a folder of keys for each SFTP delivery. `notifications_file` says who is told what of alerts,
    with secrets in the folder `notifications` beside it; `notifications_loopback` lets them go to this machine itself.
    `alertmanager_url` is where alerts that somebody has in hand are silenced; without it none is.
    `signing_key_file` is the Ed25519 key that chains are signed with; without it they are chained and not signed.
    Every `anchor_minutes` anchors of the chains that moved on are written into `anchors_dir` and posted to
    `anchors_url`, which should be where the owner of the database does not reach.
    `public_url` is where people reach access with their browsers. `client_key_file` holds the plain key with which a
    service asks another: payout asks scoring for lines.
    """

    model_config = SettingsConfigDict(env_prefix="EARNEST_", extra="ignore", frozen=True, populate_by_name=True)

    database_url: str = Field(validation_alias=AliasChoices("DATABASE_URL", "EARNEST_DATABASE_URL", "database_url"))
    database_passwords_dir: Path | None = None
    kafka_bootstrap_servers: str | None = Field(
        default=None,
        validation_alias=AliasChoices(
            "KAFKA_BOOTSTRAP_SERVERS", "EARNEST_KAFKA_BOOTSTRAP_SERVERS", "kafka_bootstrap_servers"
        ),
    )
    partitions: int = Field(default=12, ge=1, le=1024)
    kafka_replication: int = Field(default=1, ge=1)

    time_zone: str = "UTC"
    company_name: str = Field(default="", max_length=200)
    locale: str = Field(default="en_US", max_length=40)
    keys_file: Path | None = None
    public_url: str = ""
    session_idle_minutes: int = Field(default=30, ge=1, le=24 * 60)
    session_hours: int = Field(default=12, ge=1, le=7 * 24)
    client_key_file: Path | None = None
    signing_key_file: Path | None = None
    sources_dir: Path | None = None
    kpis_dir: Path | None = None
    deliveries_dir: Path | None = None
    notifications_file: Path | None = None
    notifications_loopback: bool = False
    anchors_dir: Path | None = None
    anchors_url: str | None = None
    anchor_minutes: int = Field(default=60, ge=1)
    member: str | None = None

    host: str = "127.0.0.1"
    ingest_port: int = 8801
    scoring_port: int = 8802
    payout_port: int = 8803
    alerts_port: int = 8804
    access_port: int = 8805
    ingest_url: str = "http://127.0.0.1:8801"
    scoring_url: str = "http://127.0.0.1:8802"
    payout_url: str = "http://127.0.0.1:8803"
    alerts_url: str = "http://127.0.0.1:8804"
    access_url: str = "http://127.0.0.1:8805"
    alertmanager_url: str | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The company's time zone, in which an instant becomes a business date."""
        return ZoneInfo(self.time_zone)

    @field_validator("public_url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if url and (not safe or parts.path or parts.query or parts.fragment or parts.username):
            raise ValueError("write the address as https://host or https://host:port; http only of localhost")
        return url

    @property
    def address(self) -> str:
        """Where people reach access with their browsers, without a slash at the end."""
        return self.public_url or f"http://localhost:{self.access_port}"

    @property
    def over_https(self) -> bool:
        """Whether browsers reach the installation over https."""
        return self.address.startswith("https:")

    @property
    def member_name(self) -> str:
        """Names this process in the consumer groups of its workers, where nothing is set by host and process.

        A process that comes back under its name takes its partitions up at once, instead of when its session ends.
        """
        return self.member or f"{socket.gethostname()}-{os.getpid()}"

    @property
    def log_kind(self) -> Literal["postgres", "kafka"]:
        """Which log carries the events: Kafka where servers are named, otherwise a table in PostgreSQL."""
        return "kafka" if self.kafka_bootstrap_servers else "postgres"
