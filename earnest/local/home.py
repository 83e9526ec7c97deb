"""The folder of one installation on this machine: where its data, keys, logs and files are, and how to reach what runs
there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from earnest.local.claims import write_private
from earnest.local.keys import make_keys
from earnest.local.processes import LocalError
from shared.proof.signing import make_key
from shared.settings import Settings

PASSWORDS: Final = "EARNEST_DATABASE_PASSWORDS_DIR"


@dataclass(frozen=True)
class Home:
    """The folder of an installation, by default `.earnest` where the command runs."""

    path: Path

    @classmethod
    def current(cls) -> Home:
        """The folder that EARNEST_HOME names, or `.earnest`."""
        return cls(Path(os.environ.get("EARNEST_HOME") or ".earnest").resolve())

    @property
    def postgres(self) -> Path:
        """The data of the embedded PostgreSQL."""
        return self.path / "postgres"

    @property
    def passwords(self) -> Path:
        """The passwords of the database's logins, a file each."""
        return self.postgres / "passwords"

    @property
    def kafka(self) -> Path:
        """The data of the local Kafka."""
        return self.path / "kafka"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.path / "logs"

    @property
    def files(self) -> Path:
        """Payroll files, statements and entries as commands have fetched them."""
        return self.path / "files"

    @property
    def kpis(self) -> Path:
        """The company's KPIs, one or several in a YAML file."""
        return self.path / "kpis"

    @property
    def sources(self) -> Path:
        """The webhook sources that ingest knows, one YAML file each, beside their secrets."""
        return self.path / "sources"

    @property
    def deliveries(self) -> Path:
        """The keys of SFTP deliveries, a folder each."""
        return self.path / "deliveries"

    @property
    def notifications(self) -> Path:
        """Who is told what of alerts, beside the folder of its secrets; there may be none."""
        return self.path / "notifications.yaml"

    @property
    def company(self) -> Path:
        """The company's name, as statements write it, unless the environment says another; there may be none."""
        return self.path / "company"

    @property
    def log_note(self) -> Path:
        """Which log this installation was begun with."""
        return self.path / "log"

    @property
    def time_zone(self) -> Path:
        """The company's time zone, by which what is here was dated."""
        return self.path / "time_zone"

    @property
    def keys_file(self) -> Path:
        """The API keys as the services read them: names, hashes and scopes."""
        return self.path / "keys.json"

    @property
    def signing_key(self) -> Path:
        """The key that the heads of chains are signed with."""
        return self.path / "signing_key.pem"

    @property
    def anchors(self) -> Path:
        """Anchors of the chains. Beside the database they prove nothing against who has this machine: copy them."""
        return self.path / "anchors"

    def make(self) -> None:
        """Make the folder with new API keys and a signing key; what is there already stays."""
        self.path.mkdir(parents=True, exist_ok=True)
        for folder in (self.logs, self.files, self.sources, self.kpis, self.deliveries, self.anchors):
            folder.mkdir(mode=0o700, exist_ok=True)
        make_keys(self.path / "keys", self.keys_file)
        make_key(self.signing_key)

    def key(self, name: str) -> str:
        """The plain API key of a principal of this machine.

        Raises:
            LocalError: there is no such key here.
        """
        path = self.path / "keys" / name
        if not path.is_file():
            there = sorted(key.name for key in path.parent.iterdir()) if path.parent.is_dir() else []
            if there:
                raise LocalError(f"there is no key {name} in {path.parent}: the keys there are {', '.join(there)}")
            raise LocalError(f"there is no key {path}: start with `earnest up`, or choose another folder with --home")
        return path.read_text().strip()

    def note(self, environment: Mapping[str, str]) -> None:
        """Note how the installation is reached, for commands beside it."""
        # Private: an address that the user set may have a password in it.
        write_private(self.path / "environment.json", json.dumps(dict(environment), indent=1) + "\n")

    def settings(self) -> Settings:
        """How to reach the installation: DATABASE_URL and its kin where they are set, otherwise what `earnest up` noted
        here.

        Raises:
            LocalError: neither is there.
        """
        noted = self.path / "environment.json"
        if "DATABASE_URL" in os.environ:
            folder = {} if PASSWORDS in os.environ else {PASSWORDS: str(self.passwords)}
            return settings_from(folder)
        if not noted.exists():
            raise LocalError(f"nothing was started in {self.path} yet: run `earnest up`, or set DATABASE_URL")
        return settings_from(json.loads(noted.read_text()))


def company_zone() -> ZoneInfo:
    """The company's time zone: of the installation in the current folder where there is one, otherwise
    EARNEST_TIME_ZONE.

    Raises:
        LocalError: there is no such time zone.
    """
    try:
        settings = Home.current().settings()
    except LocalError:
        # Files need no database: the address only fills the field that settings must have.
        settings = Settings(database_url="postgresql://")
    return zone_named(settings.time_zone)


def zone_named(name: str) -> ZoneInfo:
    """The time zone that EARNEST_TIME_ZONE names.

    Raises:
        LocalError: there is no such time zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LocalError(f"EARNEST_TIME_ZONE: there is no time zone {name!r}; write one like Europe/Berlin") from None


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings of a process with these variables beside those of our own."""
    prefix = "EARNEST_"
    return Settings.model_validate({name.removeprefix(prefix).lower(): value for name, value in environment.items()})
