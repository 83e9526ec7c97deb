"""A backup of an installation as one file, and an installation from one: the database with log, facts and ledger, and
the folder's keys, sources, KPIs, deliveries and files.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg
from sqlalchemy import URL, create_engine, inspect, make_url

from earnest.local.claims import claim_folder, holder, release_ports
from earnest.local.home import Home
from earnest.local.postgres import Postgres
from earnest.local.processes import LocalError
from shared.database import database_url
from shared.logins import make_roles
from shared.settings import Settings

FORM: Final = 2
"""Of the file; a restore reads those up to its own."""
DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
FOLDERS: Final = ("keys", "sources", "kpis", "deliveries", "files")
FILES: Final = ("keys.json", "signing_key.pem", "company", "log", "time_zone")


def backup(home: Home, file: Path) -> int:
    """Write everything that an installation holds into one new file, which only its owner can read; its size in bytes.

    While it runs, the database is read in one transaction: what comes in meanwhile is not in the file.

    Raises:
        LocalError: there is no installation, the file is there, or something cannot be read.
    """
    if not home.keys_file.exists():
        raise LocalError(f"there is no installation in {home.path}: nothing to back up")
    if file.exists():
        raise LocalError(f"{file} is there already: choose another name")
    if home.log_note.exists() and home.log_note.read_text() == "kafka":
        raise LocalError(f"the log of {home.path} is in Apache Kafka, which this does not copy: back up the broker")
    part = file.with_name(f"{file.name}.part")
    with TemporaryDirectory(prefix="earnest-backup-") as scratch:
        dump = Path(scratch) / DUMP
        with _address(home) as url:
            _run(home, ["pg_dump", "--format=custom", "--no-owner", f"--file={dump}"], url=url)
        contents = {DUMP: dump} | {f"home/{path.relative_to(home.path)}": path for path in _files(home)}
        manifest = {
            "form": FORM,
            "earnest": version("earnest"),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": {name: _digest(path) for name, path in contents.items()},
        }
        note = Path(scratch) / MANIFEST
        note.write_text(json.dumps(manifest, indent=1))
        try:
            # Keys and secrets are in it: private from the first byte on, and there whole or not at all.
            private = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(private, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
                for name, path in ({MANIFEST: note} | contents).items():
                    archive.add(path, arcname=name, recursive=False)
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise LocalError(f"{file}: {error.strerror or error}") from None
    return file.stat().st_size


def restore(home: Home, file: Path) -> str:
    """Make an installation of a backup in a folder where none is; when the backup was made.

    Raises:
        LocalError: there is an installation, the file is no backup, or not whole.
    """
    if home.keys_file.exists() or home.postgres.exists():
        raise LocalError(f"there is an installation in {home.path}: choose an empty folder with --home")
    if not file.is_file():
        raise LocalError(f"{file}: there is no such file")
    with TemporaryDirectory(prefix="earnest-restore-") as scratch:
        folder = Path(scratch)
        manifest = _unpacked(file, folder)
        home.path.mkdir(parents=True, exist_ok=True)
        with claim_folder(home.path):
            there = set(home.path.iterdir())
            try:
                with _empty_database(home) as url:
                    with _connection(url) as connection:
                        # Roles belong to the server: a dump only names them.
                        make_roles(connection)
                    options = ["--no-owner", "--exit-on-error", f"--dbname={url.database}"]
                    _run(home, ["pg_restore", *options, str(folder / DUMP)], url=url)
                shutil.copytree(folder / "home", home.path, dirs_exist_ok=True, copy_function=shutil.copy2)
                _close_folders(home)
                home.make()
            except BaseException:
                # Half an installation is none: what was made goes, so that it can be tried again.
                _remove(home, there)
                raise
            finally:
                release_ports(home.path)
    return str(manifest["at"])


@contextmanager
def restored(file: Path) -> Iterator[Settings]:
    """An installation of a backup in a folder of its own, whose database runs and nothing else; gone at the end.

    Raises:
        LocalError: the file is no backup, or not whole.
    """
    with TemporaryDirectory(prefix="earnest-restored-") as folder:
        home = Home(Path(folder) / "home")
        restore(home, file)
        try:
            with _own_database(home) as url:
                yield Settings(
                    database_url=url.render_as_string(hide_password=False),
                    signing_key_file=home.signing_key,
                    kpis_dir=home.kpis,
                    kafka_bootstrap_servers=None,
                )
        finally:
            _remove(home, set())


def _close_folders(home: Home) -> None:
    """Let only the owner into the folders of a backup, which keeps files with their modes and folders without."""
    for folder in (home.path / name for name in FOLDERS):
        for each in (folder, *folder.rglob("*")):
            if each.is_dir() and not each.is_symlink():
                each.chmod(0o700)


def _connection(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)


def _files(home: Home) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted(path for path in (home.path / folder).rglob("*") if path.is_file() and not path.is_symlink())
    yield from (path for name in FILES if (path := home.path / name).is_file())


def _unpacked(file: Path, folder: Path) -> dict[str, Any]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        form, digests = int(manifest["form"]), dict(manifest["sha256"])
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise LocalError(f"{file} is no backup that can be read: {error or type(error).__name__}") from None
    if form > FORM:
        raise LocalError(f"{file} was made by Earnest {manifest['earnest']}, which is newer: restore it with that")
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file() or _digest(path) != digest:
            raise LocalError(f"{file} is not whole: {name} is not what was written; use another backup")
    return manifest


@contextmanager
def _address(home: Home) -> Iterator[URL]:
    """The database: as it runs, or started for the while."""
    if "DATABASE_URL" in os.environ or holder(home.path) is not None:
        yield make_url(database_url(home.settings()))
        return
    with claim_folder(home.path), _own_database(home) as url:
        yield url


@contextmanager
def _empty_database(home: Home) -> Iterator[URL]:
    """The new database: the folder's own, or that of DATABASE_URL, which must have no tables."""
    if "DATABASE_URL" not in os.environ:
        with _own_database(home) as url:
            yield url
        return
    url = make_url(database_url(home.settings()))
    engine = create_engine(url)
    try:
        found = inspect(engine)
        schemas = [name for name in found.get_schema_names() if name != "information_schema"]
        tables = [table for schema in schemas for table in found.get_table_names(schema)]
    finally:
        engine.dispose()
    if tables:
        raise LocalError("the database that DATABASE_URL names is not empty: name one that is")
    yield url


@contextmanager
def _own_database(home: Home) -> Iterator[URL]:
    postgres = Postgres(home.postgres)
    postgres.start()
    try:
        yield make_url(postgres.url())
    finally:
        postgres.stop()


def _run(home: Home, command: list[str], *, url: URL) -> None:
    program, *arguments = command
    path = Postgres(home.postgres).binaries() / program
    # By the environment: what stands in the arguments of a process is seen by everybody on the machine.
    place = {
        "PGHOST": url.host,
        "PGPORT": url.port and str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = os.environ | {name: str(value) for name, value in place.items() if value}
    done = subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(f"{program} failed: {done.stderr.strip()}")


def _remove(home: Home, there: Set[Path]) -> None:
    """Remove what was made in the folder since these were there, which may be somebody's own."""
    for path in {Postgres(home.postgres).home, *home.path.iterdir()} - there:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
